using Attune.Data.Agreement;
using Attune.Store;
using Attune.Studio.Loop;
using Attune.Studio.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Attune.Studio.Quality;

/// <summary>The quality of a project's data: its annotators, their agreement, adjudication, and the leaderboard of models.</summary>
static class QualityRoutes
{
    public static void Map(WebApplication app)
    {
        app.MapGet("/projects/{project:long}/people", (long project, string? question) =>
            new RazorComponentResult<PeoplePage>(new { Id = project, Question = question })).Require(Role.Annotator);
        app.MapGet("/projects/{project:long}/agreement", (long project, string? question) =>
            new RazorComponentResult<AgreementPage>(new { Id = project, Question = question })).Require(Role.Reviewer);
        app.MapGet("/projects/{project:long}/leaderboard", (long project, string? question, string? equal) =>
            new RazorComponentResult<LeaderboardPage>(new
            {
                Id = project, Question = question, Control = EnumName<StyleControl>.ParseOr(StyleControl.None, equal),
            })).Require(Role.Reviewer);
        app.MapGet("/projects/{project:long}/people/{person:long}", (long project, long person) =>
            new RazorComponentResult<PersonPage>(new { Id = project, Who = (long?)person })).Require(Role.Reviewer);
        app.MapPost("/projects/{project:long}/people/{person:long}/calibration", RepeatCalibration).Require(Role.Reviewer);
        app.MapGet("/projects/{project:long}/feedback", (long project) => Projects.ProjectRoutes.ProjectPage<PersonPage>(project))
            .Require(Role.Annotator);
        app.MapGet("/projects/{project:long}/adjudicate", (long project, long? item, long? after) =>
            new RazorComponentResult<AdjudicatePage>(new { Id = project, Item = item, After = after ?? 0 })).Require(Role.Reviewer);
        app.MapPost("/projects/{project:long}/adjudicate/{item:long}", Settle).Require(Role.Reviewer);
    }

    static IResult RepeatCalibration(HttpContext context, PreferenceStore store, long project, long person)
    {
        store.Calibrations.Repeat(store.Projects.Get(project), person, context.Person().Id);
        return Results.LocalRedirect($"/projects/{project}/people");
    }

    static IResult Settle(HttpContext context, PreferenceStore store, long project, long item, IFormCollection form)
    {
        var found = store.Projects.Get(project);
        var verdict = Result(found.Settings, form) with { Rationale = new Fields(form).Text("rationale") };
        store.Adjudications.Decide(found, context.Person().Id, item, verdict, Number(form["seen"]) ?? 0);
        return Results.LocalRedirect($"/projects/{project}/adjudicate?after={item}");
    }

    /// <summary>The decision of a form with <see cref="ResultFields"/>.</summary>
    internal static AnnotationResult Result(ProjectSettings settings, IFormCollection form) => Verdict(settings.Task, form, "") with
    {
        Judgments = settings.Questions.Skip(1).ToDictionary(question => question.Key,
            question => JudgmentOf(Verdict(settings.Task, form, $"-{question.Key}"))),
    };

    static Judgment JudgmentOf(AnnotationResult verdict) =>
        new() { Outcome = verdict.Outcome, Ranks = verdict.Ranks, Strength = verdict.Strength, Ratings = verdict.Ratings };

    /// <summary>
    /// The fields are "choice" (first, second, tie or bad), "strength", and for each response "value": a rank, a level, or empty. Those of
    /// the questions after the first end with "-" and the key.
    /// </summary>
    static AnnotationResult Verdict(TaskKind task, IFormCollection form, string end)
    {
        string? choice = form[$"choice{end}"];
        if (choice == "bad")
            return new() { Outcome = Outcome.AllBad };
        IReadOnlyList<int?> values = [.. form[$"value{end}"].Select(Number)];
        return task switch
        {
            TaskKind.Rating or TaskKind.Steps => new() { Outcome = Outcome.Rated, Ratings = values },
            TaskKind.Ranking => new() { Ranks = values },
            TaskKind.BestWorst => new() { Outcome = Outcome.BestWorst, Ranks = values },
            _ => choice switch
            {
                "first" => new() { Ranks = [0, 1], Strength = Number(form[$"strength{end}"]) },
                "second" => new() { Ranks = [1, 0], Strength = Number(form[$"strength{end}"]) },
                "tie" => new() { Ranks = [0, 0] },
                _ => throw new InvalidDataException("choose a decision: first, second, tie or bad"),
            },
        };
    }

    static int? Number(string? text) => int.TryParse(text, out var number) ? number : null;
}
