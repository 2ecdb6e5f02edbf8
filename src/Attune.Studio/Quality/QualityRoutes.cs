using Attune.Store;
using Attune.Studio.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using static Attune.Studio.Projects.ProjectRoutes;

namespace Attune.Studio.Quality;

/// <summary>How good the data of a project is: its people, their agreement, the settling of disagreements, and how the models stand.</summary>
static class QualityRoutes
{
    public static void Map(WebApplication app)
    {
        app.MapGet("/projects/{project:long}/people", (long project) => Of<PeoplePage>(project)).Require(Role.Annotator);
        app.MapGet("/projects/{project:long}/agreement", (long project) => Of<AgreementPage>(project)).Require(Role.Reviewer);
        app.MapGet("/projects/{project:long}/leaderboard", (long project, string? length) =>
            new RazorComponentResult<LeaderboardPage>(new { Id = project, LengthControl = length == "equal" })).Require(Role.Reviewer);
        app.MapGet("/projects/{project:long}/adjudicate", (long project, long? item, long? after) =>
            new RazorComponentResult<AdjudicatePage>(new { Id = project, Item = item, After = after ?? 0 })).Require(Role.Reviewer);
        app.MapPost("/projects/{project:long}/adjudicate/{item:long}", Settle).Require(Role.Reviewer);
    }

    static IResult Settle(
        HttpContext context, PreferenceStore store, long project, long item,
        [FromForm] long seen, [FromForm] string? choice, [FromForm] int? strength, [FromForm] string[]? value, [FromForm] string? rationale)
    {
        var found = store.Projects.Find(project) ?? throw new InvalidDataException("there is no such project");
        var verdict = Verdict(found.Settings.Task, choice, strength, value ?? []) with { Rationale = rationale };
        store.Adjudications.Decide(found, context.Person().Id, item, verdict, seen);
        return Results.LocalRedirect($"/projects/{project}/adjudicate?after={item}");
    }

    /// <param name="task">What the project asks.</param>
    /// <param name="choice">first, second, tie or bad.</param>
    /// <param name="strength">How much better.</param>
    /// <param name="values">A rank or a level for each answer; empty where it has none.</param>
    static Verdict Verdict(TaskKind task, string? choice, int? strength, string[] values)
    {
        if (choice == "bad")
            return new() { Outcome = Outcome.AllBad };
        IReadOnlyList<int?> numbers = [.. values.Select(value => int.TryParse(value, out var number) ? (int?)number : null)];
        return task switch
        {
            TaskKind.Rating => new() { Outcome = Outcome.Rated, Ratings = numbers },
            TaskKind.Ranking => new() { Ranks = numbers },
            _ => choice switch
            {
                "first" => new() { Ranks = [0, 1], Strength = strength },
                "second" => new() { Ranks = [1, 0], Strength = strength },
                "tie" => new() { Ranks = [0, 0] },
                _ => throw new InvalidDataException("first, second, tie or bad was expected"),
            },
        };
    }
}
