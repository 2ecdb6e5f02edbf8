using Attune.Store;
using Attune.Studio.Api;
using Attune.Studio.Layout;
using Attune.Studio.Projects;
using Attune.Studio.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Attune.Studio.Annotate;

/// <summary>
/// The annotation page and the API that its script calls. Lists in requests and responses are in the order in which the annotator sees the
/// responses.
/// </summary>
static class AnnotateRoutes
{
    const int MostAtOnce = 20;
    const int MostRecent = 20;
    const int LongestOpening = 160;

    public static void Map(WebApplication app)
    {
        app.MapGet("/projects/{project:long}/annotate", Show).Require(Role.Annotator);
        var api = app.MapGroup("/api/projects/{project:long}").Require(Role.Annotator).Api(AccessScope.Annotate).WithTags("Annotate");
        api.MapPost("/next", Next).Describe("getNextItems", "Get the next items", "Assigns items to you and reserves them for some time.")
            .Produces<NextItems>();
        api.MapPost("/decisions", Submit).Describe("saveDecision", "Save a decision",
            "The token of the item identifies the decision: sending it again changes nothing and returns what is saved. Lists have one "
            + "entry for each answer, in the order in which the item has them.")
            .Produces<SavedDecision>().Produces<DecisionConflict>(StatusCodes.Status409Conflict);
        api.MapGet("/last", Last).Describe("getLastDecision", "Get your last decision", "The decision that an undo would withdraw.")
            .Produces<LastDecision>();
        api.MapPost("/undo", Undo).Describe("withdrawDecision", "Withdraw a decision", "The item is assigned to you again.")
            .Produces<WithdrawnDecision>().Produces<DecisionConflict>(StatusCodes.Status409Conflict);
        api.MapGet("/progress", GetProgress).Api(AccessScope.Read).Describe("getProgress", "Get the progress of a project")
            .Produces<ProjectProgress>();
        api.MapGet("/recent", Recent).Describe("listRecentDecisions", "List your last decisions").Produces<RecentDecisions>();
        api.MapGet("/decisions/{decision:long}", Find).Describe("getDecision", "Get one of your decisions").Produces<DecidedItem>();
        api.MapPut("/decisions/{decision:long}", Edit).Describe("changeDecision", "Change one of your decisions",
            "The revision says which state you saw; if the decision has changed since, the newer one is kept.")
            .Produces<SavedDecision>().Produces<DecisionConflict>(StatusCodes.Status409Conflict);
    }

    static IResult Show(HttpContext context, long project) => context.Project().Settings.Task switch
    {
        TaskKind.Dialogue => Results.LocalRedirect($"/projects/{project}/dialogues"),
        TaskKind.Demonstration or TaskKind.Steps => Results.LocalRedirect($"/projects/{project}/task"),
        _ => ProjectRoutes.ProjectPage<AnnotatePage>(project),
    };

    static async Task<IResult> Next(HttpContext context, PreferenceStore store, long project, ItemsRequest request)
    {
        var (found, person) = (context.Project(), context.Person());
        var assignment = await store.Queue.NextAsync(found, person.Id, Math.Clamp(request.Count, 1, MostAtOnce));
        var markdown = SafeMarkdown.For(found.Settings);
        return Results.Ok(new NextItems(assignment.State, [.. assignment.Items.Select(showing => ShownItem.Create(showing, markdown))],
            store.Annotations.CountOf(project, person.Id),
            assignment.State == QueueState.NotCalibrated ? store.Calibrations.Of(found, person.Id) : null));
    }

    static async Task<IResult> Submit(HttpContext context, PreferenceStore store, long project, Submission submission) =>
        await store.Annotations.SubmitAsync(context.Project(), context.Person().Id, submission) is { } saved
            ? saved.Differs ? NotSaved("Another decision on this item was saved before.", saved)
                : Confirmed(context, store, saved)
            : Conflict("This item was assigned to others in the meantime; your decision was not needed.");

    static IResult Edit(HttpContext context, PreferenceStore store, long project, long decision, DecisionChange change) =>
        store.Annotations.Edit(context.Project(), context.Person().Id, decision, change.Revision, change.Verdict) is { } saved
            ? saved.Differs ? NotSaved("This decision was changed in another window in the meantime.", saved)
                : Confirmed(context, store, saved)
            : Conflict("This decision cannot be changed: it was withdrawn, or it belongs to the calibration round.");

    static IResult NotSaved(string message, SavedAnnotation saved) => Results.Json(
        new DecisionConflict(
            message, saved.Annotation.Result.AsShown(saved.Annotation.Shown), saved.Annotation.Id, saved.Annotation.Revision),
        statusCode: StatusCodes.Status409Conflict);

    static IResult Confirmed(HttpContext context, PreferenceStore store, SavedAnnotation saved) => Results.Ok(new SavedDecision(
        Saved: true,
        Mine: store.Annotations.CountOf(context.Project().Id, saved.Annotation.Person),
        saved.Annotation.Id,
        saved.Annotation.Revision,
        saved.Item is { Kind: ItemKind.Calibration, Expected: { } expected }
            ? new KnownRanks(AsShown(expected, saved.Annotation), saved.Item.Explanation,
                KnownItemAccuracy.IsRight(expected, saved.Annotation.Result),
                store.Calibrations.Of(context.Project(), saved.Annotation.Person)) : null));

    static IResult Last(HttpContext context, PreferenceStore store, long project) =>
        Results.Ok(new LastDecision(store.Annotations.Last(project, context.Person().Id)));

    static IResult Undo(HttpContext context, PreferenceStore store, long project, UndoRequest request)
    {
        var (found, person) = (context.Project(), context.Person());
        if (store.Annotations.Undo(found, person.Id, request.Decision) is not var (was, item))
            return Conflict("This decision cannot be withdrawn: it was withdrawn before, or it belongs to the calibration round.");
        return Results.Ok(new WithdrawnDecision(ShownItem.Create(item, SafeMarkdown.For(found.Settings)), was.Result.AsShown(was.Shown),
            was.Seconds, store.Annotations.CountOf(project, person.Id)));
    }

    static IResult GetProgress(HttpContext context, PreferenceStore store, long project)
    {
        var progress = store.Projects.ProgressWithChecks(context.Project());
        return Results.Ok(new ProjectProgress(progress.Decisions, progress.Wanted,
            store.Annotations.CountOf(project, context.Person().Id)));
    }

    static IResult Recent(HttpContext context, PreferenceStore store, long project) => Results.Ok(new RecentDecisions(
    [
        .. store.Annotations.Recent(project, context.Person().Id, MostRecent)
            .Select(decision => (Decision: decision, Item: store.Items.Find(project, decision.Item)!))
            .Select(row => new RecentDecision(row.Decision.Id, row.Decision.Revision, row.Decision.At, Opening(row.Item),
                row.Decision.Result.AsShown(row.Decision.Shown), Editable: row.Item.Kind != ItemKind.Calibration)),
    ]));

    static IResult Find(HttpContext context, PreferenceStore store, long project, long decision)
    {
        if (store.Annotations.Find(project, decision) is not { Adjudicates: false } found || found.Person != context.Person().Id)
            return Results.NotFound();
        return Results.Ok(new DecidedItem(
            ShownItem.Create(store.Items.Find(project, found.Item)!, found, SafeMarkdown.For(context.Project().Settings)),
            found.Id, found.Revision, found.Result.AsShown(found.Shown), found.Seconds));
    }

    static string Opening(Item item)
    {
        var passages = Passage.FromNode(item.Prompt, markdown: null);
        var text = (passages.LastOrDefault(passage => passage.Fold is null) ?? passages[^1]).Text;
        return text.Length <= LongestOpening ? text : $"{text[..LongestOpening]}…";
    }

    static IReadOnlyList<int?> AsShown(IReadOnlyList<int?> ranks, Annotation decision) => [.. decision.Shown.Select(place => ranks[place])];

    static IResult Conflict(string message) => Results.Json(new DecisionConflict(message), statusCode: StatusCodes.Status409Conflict);
}
