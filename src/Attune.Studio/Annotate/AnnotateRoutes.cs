using Attune.Store;
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
        app.MapGet("/projects/{project:long}/annotate", (long project) => ProjectRoutes.ProjectPage<AnnotatePage>(project))
            .Require(Role.Annotator);
        var api = app.MapGroup("/api/projects/{project:long}").Require(Role.Annotator);
        api.MapPost("/next", Next);
        api.MapPost("/decisions", Submit);
        api.MapGet("/last", Last);
        api.MapPost("/undo", Undo);
        api.MapGet("/progress", GetProgress);
        api.MapGet("/recent", Recent);
        api.MapGet("/decisions/{decision:long}", Find);
        api.MapPut("/decisions/{decision:long}", Edit);
    }

    sealed record Request(int Count = 2);

    sealed record Withdrawal(long Decision);

    sealed record Change(int Revision, AnnotationResult Verdict);

    /// <summary>The known ranks of a calibration item, for an annotator who has decided it.</summary>
    sealed record Known(IReadOnlyList<int?> Ranks, string? Explanation, bool Right);

    static async Task<IResult> Next(HttpContext context, PreferenceStore store, long project, Request request)
    {
        var (found, person) = (context.Project(), context.Person());
        var turn = await store.Queue.NextAsync(found, person.Id, Math.Clamp(request.Count, 1, MostAtOnce));
        var markdown = SafeMarkdown.For(found.Settings);
        return Results.Ok(new
        {
            turn.Standing,
            Items = turn.Items.Select(showing => ShownItem.Create(showing, markdown)),
            Mine = store.Annotations.CountOf(project, person.Id),
        });
    }

    static async Task<IResult> Submit(HttpContext context, PreferenceStore store, long project, Submission submission) =>
        await store.Annotations.SubmitAsync(context.Project(), context.Person().Id, submission) is { } saved
            ? saved.Differs ? NotSaved("Another decision on this item was saved before.", saved)
                : Confirmed(store, project, saved)
            : Conflict("This item was assigned to others in the meantime; your decision was not needed.");

    static IResult Edit(HttpContext context, PreferenceStore store, long project, long decision, Change change) =>
        store.Annotations.Edit(context.Project(), context.Person().Id, decision, change.Revision, change.Verdict) is { } saved
            ? saved.Differs ? NotSaved("This decision was changed in another window in the meantime.", saved)
                : Confirmed(store, project, saved)
            : Conflict("This decision cannot be changed: it was withdrawn, or it belongs to the calibration round.");

    /// <summary>The decision that is kept, where it is not the one that was sent.</summary>
    static IResult NotSaved(string message, SavedAnnotation saved) => Results.Json(new
    {
        Error = message, Kept = saved.Annotation.Result.AsShown(saved.Annotation.Shown), Decision = saved.Annotation.Id,
        saved.Annotation.Revision,
    }, statusCode: StatusCodes.Status409Conflict);

    static IResult Confirmed(PreferenceStore store, long project, SavedAnnotation saved) => Results.Ok(new
    {
        Saved = true,
        Mine = store.Annotations.CountOf(project, saved.Annotation.Person),
        Decision = saved.Annotation.Id,
        saved.Annotation.Revision,
        Known = saved.Item is { Kind: ItemKind.Calibration, Expected: { } expected }
            ? new Known(AsShown(expected, saved.Annotation), saved.Item.Explanation,
                KnownItemAccuracy.IsRight(expected, saved.Annotation.Result)) : null,
    });

    /// <summary>The decision that an undo would withdraw.</summary>
    static IResult Last(HttpContext context, PreferenceStore store, long project) =>
        Results.Ok(new { Decision = store.Annotations.Last(project, context.Person().Id) });

    /// <summary>The request names the decision, so that repeating it withdraws no other one.</summary>
    static IResult Undo(HttpContext context, PreferenceStore store, long project, Withdrawal withdrawal)
    {
        var (found, person) = (context.Project(), context.Person());
        if (store.Annotations.Undo(found, person.Id, withdrawal.Decision) is not var (was, item))
            return Conflict("This decision cannot be withdrawn: it was withdrawn before, or it belongs to the calibration round.");
        return Results.Ok(new
        {
            Item = ShownItem.Create(item, SafeMarkdown.For(found.Settings)),
            Verdict = was.Result.AsShown(was.Shown),
            was.Seconds,
            Mine = store.Annotations.CountOf(project, person.Id),
        });
    }

    static IResult GetProgress(HttpContext context, PreferenceStore store, long project)
    {
        var progress = store.Projects.ProgressWithChecks(context.Project());
        return Results.Ok(new { progress.Decisions, progress.Wanted, Mine = store.Annotations.CountOf(project, context.Person().Id) });
    }

    static IResult Recent(HttpContext context, PreferenceStore store, long project) => Results.Ok(new
    {
        Decisions = store.Annotations.Recent(project, context.Person().Id, MostRecent)
            .Select(decision => (Decision: decision, Item: store.Items.Find(project, decision.Item)!))
            .Select(row => new
            {
                Decision = row.Decision.Id, row.Decision.Revision, row.Decision.At,
                Opening = Opening(row.Item), Verdict = row.Decision.Result.AsShown(row.Decision.Shown),
                Editable = row.Item.Kind != ItemKind.Calibration,
            }),
    });

    static IResult Find(HttpContext context, PreferenceStore store, long project, long decision)
    {
        if (store.Annotations.Find(project, decision) is not { Adjudicates: false } found || found.Person != context.Person().Id)
            return Results.NotFound();
        return Results.Ok(new
        {
            Item = ShownItem.Create(store.Items.Find(project, found.Item)!, found, SafeMarkdown.For(context.Project().Settings)),
            Decision = found.Id, found.Revision, Verdict = found.Result.AsShown(found.Shown), found.Seconds,
        });
    }

    static string Opening(Item item)
    {
        var text = Passage.FromNode(item.Prompt, markdown: null)[^1].Text;
        return text.Length <= LongestOpening ? text : $"{text[..LongestOpening]}…";
    }

    static IReadOnlyList<int?> AsShown(IReadOnlyList<int?> ranks, Annotation decision) => [.. decision.Shown.Select(place => ranks[place])];

    static IResult Conflict(string message) => Results.Json(new { error = message }, statusCode: StatusCodes.Status409Conflict);
}
