using Attune.Store;
using Attune.Studio.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Attune.Studio.Jobs;

/// <summary>The jobs of a project, each with its log and a button to stop it.</summary>
static class JobRoutes
{
    public static void Map(WebApplication app)
    {
        app.MapGet("/projects/{project:long}/jobs/{job:long}", (PreferenceStore store, long project, long job) =>
            OfProject(store, project, job) is { } found ? new RazorComponentResult<JobPage>(new { Job = found }) : Results.NotFound())
                .Require(Role.Owner);
        app.MapPost("/projects/{project:long}/jobs/{job:long}/stop", Stop).Require(Role.Owner);
        app.MapGet("/api/projects/{project:long}/jobs", (long project) => new RazorComponentResult<JobList>(new { Project = project }))
            .Require(Role.Owner);
        app.MapGet("/api/projects/{project:long}/jobs/{job:long}", (PreferenceStore store, long project, long job) =>
            OfProject(store, project, job) is { } found ? new RazorComponentResult<JobDetails>(new { Job = found }) : Results.NotFound())
                .Require(Role.Owner);
    }

    static Job? OfProject(PreferenceStore store, long project, long id) =>
        store.Jobs.Find(id) is { } job && job.Project == project ? job : null;

    static IResult Stop(HttpContext context, PreferenceStore store, long project, long job)
    {
        if (OfProject(store, project, job) is null)
            return Results.NotFound();
        store.Jobs.Stop(job, context.Person().Id);
        return Results.LocalRedirect($"/projects/{project}/jobs/{job}");
    }
}
