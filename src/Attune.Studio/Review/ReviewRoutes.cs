using Attune.Store;
using Attune.Studio.Loop;
using Attune.Studio.Quality;
using Attune.Studio.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Attune.Studio.Review;

/// <summary>The review of annotators' decisions: a queue, and what a reviewer does with each of them.</summary>
static class ReviewRoutes
{
    public static void Map(WebApplication app)
    {
        app.MapGet("/projects/{project:long}/review", (long project, [AsParameters] ReviewForm form) =>
            new RazorComponentResult<ReviewPage>(new { Id = project, Form = form })).Require(Role.Reviewer);
        app.MapPost("/projects/{project:long}/review/{decision:long}/accept", Accept).Require(Role.Reviewer);
        app.MapPost("/projects/{project:long}/review/{decision:long}/correct", Correct).Require(Role.Reviewer);
        app.MapPost("/projects/{project:long}/review/{decision:long}/reject", Reject).Require(Role.Reviewer);
        app.MapPost("/projects/{project:long}/review/waiting", PassOn).Require(Role.Reviewer);
    }

    static IResult Accept(HttpContext context, PreferenceStore store, long project, long decision, [FromForm] int revision,
        [FromForm] long seen)
    {
        store.Reviews.Accept(store.Projects.Get(project), context.Person().Id, decision, revision, seen);
        return Next(context, project);
    }

    static IResult Correct(HttpContext context, PreferenceStore store, long project, long decision, IFormCollection form)
    {
        var found = store.Projects.Get(project);
        var result = QualityRoutes.Result(found.Settings, form) with { Rationale = new Fields(form).Text("reason") };
        store.Reviews.Correct(found, context.Person().Id, decision, (int)(ReviewForm.Number(form["revision"]) ?? 0),
            ReviewForm.Number(form["seen"]) ?? 0, result, ReviewForm.Number(form["settled"]) ?? 0);
        return Next(context, project);
    }

    static IResult Reject(HttpContext context, PreferenceStore store, long project, long decision, [FromForm] int revision,
        [FromForm] long seen, [FromForm] EnumName<SentTo> to, [FromForm] string? reason)
    {
        store.Reviews.Reject(store.Projects.Get(project), context.Person().Id, decision, revision, seen, to, reason ?? "");
        return Next(context, project);
    }

    static IResult PassOn(HttpContext context, PreferenceStore store, long project, [FromForm] long review)
    {
        store.Reviews.PassOn(project, context.Person().Id, review);
        return Next(context, project);
    }

    /// <summary>The next decision with the same filters, which are in the query string.</summary>
    static IResult Next(HttpContext context, long project) =>
        Results.LocalRedirect($"/projects/{project}/review{context.Request.QueryString}");
}
