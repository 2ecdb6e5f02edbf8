using Attune.Store;
using Attune.Studio.Loop;
using Attune.Studio.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Attune.Studio.Tasks;

/// <summary>
/// The tasks whose page is a form: people write answers to prompts (demonstrations), or label the steps of an answer. Items come from the
/// same queue as on the annotation page.
/// </summary>
static class TaskRoutes
{
    const string Page = "/projects/{project:long}/task";

    public static void Map(WebApplication app)
    {
        app.MapGet(Page, Show).Require(Role.Annotator);
        app.MapPost(Page, Save).Require(Role.Annotator);
        app.MapPost($"{Page}/undo", Undo).Require(Role.Annotator);
        app.MapPost($"{Page}/own", SaveOwn).Require(Role.Annotator);
    }

    static async Task<IResult> Show(HttpContext context, PreferenceStore store, long project)
    {
        var (found, person) = (context.Project(), context.Person());
        if (found.Settings.Task is not (TaskKind.Demonstration or TaskKind.Steps))
            return Results.LocalRedirect($"/projects/{project}/annotate");
        var assignment = await store.Queue.NextAsync(found, person.Id, 1);
        var next = assignment.Items is [var first, ..] ? first : null;
        return PageOf(store, found, person, next, assignment.State, next?.Returned?.Decision is { } was
            ? was.Result.AsShown(was.Shown) : null);
    }

    static RazorComponentResult<TaskPage> PageOf(
        PreferenceStore store, Project project, Person person, AssignedItem? item, QueueState standing, AnnotationResult? was) => new(new
    {
        Project = project, Item = item, Standing = standing, Was = was, Mine = store.Annotations.CountOf(project.Id, person.Id),
        Last = store.Annotations.Recent(project.Id, person.Id, 1) is [var last, ..] ? last : null,
    });

    static async Task<IResult> Save(HttpContext context, PreferenceStore store, long project)
    {
        var fields = await Fields.ReadAsync(context);
        var result = fields.Text("skip") is { Length: > 0 } reason ? new() { Outcome = Outcome.Skipped, SkipReason = reason }
            : context.Project().Settings.Task == TaskKind.Demonstration ? new AnnotationResult { Ranks = [], Ideal = fields.Text("answer") }
            : new() { Outcome = Outcome.Rated, Ratings = Labels(fields) };
        var saved = await store.Annotations.SubmitAsync(context.Project(), context.Person().Id,
            new(fields.Text("token"), result, fields.NumberOrNull("seconds", 0, 1e6) ?? double.MaxValue));
        return saved switch
        {
            null => throw new InvalidDataException("this item was assigned to others in the meantime; go back to copy what you wrote"),
            { Differs: true } => throw new InvalidDataException(
                "another decision on this item was saved before, in another window; go back to copy what you wrote"),
            _ => Results.LocalRedirect($"/projects/{project}/task"),
        };
    }

    /// <summary>The levels of the steps: 1 wrong, 2 neutral, 3 right; null for one that has no label.</summary>
    static int?[] Labels(Fields fields) =>
    [
        .. Enumerable.Range(0, fields.Count("steps", 1, Item.MostSteps))
            .Select(step => fields.Text($"step-{step}") is { Length: > 0 } ? (int?)fields.Count($"step-{step}", 1, 3) : null),
    ];

    static async Task<IResult> Undo(HttpContext context, PreferenceStore store)
    {
        var fields = await Fields.ReadAsync(context);
        var (found, person) = (context.Project(), context.Person());
        var (was, item) = store.Annotations.Undo(found, person.Id, fields.Count("decision", 1, int.MaxValue))
            ?? throw new InvalidDataException("this decision cannot be withdrawn: it was withdrawn before");
        return PageOf(store, found, person, item, QueueState.Open, was.Result.AsShown(was.Shown));
    }

    static async Task<IResult> SaveOwn(HttpContext context, PreferenceStore store, long project)
    {
        var fields = await Fields.ReadAsync(context);
        store.Annotations.Demonstrate(context.Project(), context.Person().Id, fields.Text("prompt"), fields.Text("answer"),
            fields.Text("token"), fields.NumberOrNull("seconds", 0, 1e6) ?? 0);
        return Results.LocalRedirect($"/projects/{project}/task");
    }
}
