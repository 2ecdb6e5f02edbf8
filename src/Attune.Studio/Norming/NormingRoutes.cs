using System.Globalization;
using Attune.Store;
using Attune.Studio.Loop;
using Attune.Studio.Quality;
using Attune.Studio.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Attune.Studio.Norming;

/// <summary>Norming sessions: reviewers start and close them; those who take part see the decisions of a closed one.</summary>
static class NormingRoutes
{
    const int MostRange = 1000;

    public static void Map(WebApplication app)
    {
        app.MapGet("/projects/{project:long}/norming", (long project) => Projects.ProjectRoutes.ProjectPage<NormingsPage>(project))
            .Require(Role.Annotator);
        app.MapPost("/projects/{project:long}/norming", Start).Require(Role.Reviewer);
        app.MapGet("/projects/{project:long}/norming/{norming:long}", Show).Require(Role.Annotator);
        app.MapPost("/projects/{project:long}/norming/{norming:long}/close", Close).Require(Role.Reviewer);
        app.MapPost("/projects/{project:long}/norming/{norming:long}/items/{item:long}", Change).Require(Role.Annotator);
        app.MapPost("/projects/{project:long}/norming/{norming:long}/items/{item:long}/notes", AddNote).Require(Role.Annotator);
    }

    static IResult Start(HttpContext context, PreferenceStore store, long project, [FromForm] string? title, [FromForm] int? draw,
        [FromForm] string? items, [FromForm] long[]? people)
    {
        var chosen = string.IsNullOrWhiteSpace(items) ? store.Normings.Draw(project, draw ?? 0) : Numbers(items);
        if (chosen.Count == 0)
            throw new InvalidDataException("every item is decided or on somebody's screen; enter the numbers of the items instead");
        var id = store.Normings.Start(store.Projects.Get(project), context.Person().Id, title ?? "", people ?? [], chosen);
        return Results.LocalRedirect($"/projects/{project}/norming/{id}");
    }

    /// <summary>The item numbers in a text such as "3, 8-12".</summary>
    static List<long> Numbers(string text)
    {
        var numbers = new List<long>();
        foreach (var part in text.Split([',', ' ', ';', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var ends = part.Split('-', 2).Select(end =>
                long.TryParse(end, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
                : throw new InvalidDataException($"items must be numbers or ranges such as 3, 8-12 (was {part})")).ToList();
            for (var number = ends[0]; number <= ends[^1] && numbers.Count < MostRange; number++)
                numbers.Add(number);
        }
        return [.. numbers.Distinct()];
    }

    /// <summary>The session where the person may see it: reviewers see every one, annotators those in which they take part.</summary>
    static Store.Norming? Visible(HttpContext context, PreferenceStore store, long project, long norming) =>
        store.Normings.Find(project, norming) is { } found
        && (context.Person().Role >= Role.Reviewer || found.People.ContainsKey(context.Person().Id)) ? found : null;

    static IResult Show(HttpContext context, PreferenceStore store, long project, long norming) =>
        Visible(context, store, project, norming) is null ? Results.NotFound()
            : new RazorComponentResult<NormingPage>(new { Id = project, Number = norming });

    static IResult Close(HttpContext context, PreferenceStore store, long project, long norming)
    {
        if (store.Normings.Find(project, norming) is null)
            return Results.NotFound();
        store.Normings.Close(project, norming, context.Person().Id);
        return Back(project, norming);
    }

    /// <summary>Changes one's own decision after the session; flags, better answer and what the form does not ask stay.</summary>
    static IResult Change(HttpContext context, PreferenceStore store, long project, long norming, long item, IFormCollection form)
    {
        var (person, found) = (context.Person().Id, store.Projects.Get(project));
        if (Visible(context, store, project, norming) is not { IsClosed: true } session || !session.Items.Contains(item))
            return Results.NotFound();
        var was = store.Annotations.ForItem(project, item).FirstOrDefault(decision => !decision.Adjudicates && decision.Person == person)
            ?? throw new InvalidDataException("you have not decided this item");
        var result = QualityRoutes.Result(found.Settings, form);
        var revision = (int)(Review.ReviewForm.Number(form["revision"]) ?? 0);
        var edited = result with
        {
            Flags = was.Result.Flags, Ideal = was.Result.Ideal, Rationale = new Fields(form).Text("reason"),
            Ratings = result.Ratings ?? was.Result.Ratings,
        };
        if (store.Annotations.Edit(found, person, was.Id, revision, edited.AsShown(was.Shown)) is not { Differs: false })
            throw new InvalidDataException("your decision was changed or withdrawn in the meantime; reload the page");
        return Back(project, norming, item);
    }

    static IResult AddNote(HttpContext context, PreferenceStore store, long project, long norming, long item, [FromForm] string? text)
    {
        if (Visible(context, store, project, norming) is null)
            return Results.NotFound();
        store.Normings.AddNote(project, norming, item, context.Person().Id, text ?? "");
        return Back(project, norming, item);
    }

    static IResult Back(long project, long norming, long? item = null) =>
        Results.LocalRedirect($"/projects/{project}/norming/{norming}{(item is null ? "" : $"#item-{item}")}");
}
