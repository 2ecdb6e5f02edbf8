using Attune.Store;
using Attune.Studio.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Attune.Studio.Projects;

/// <summary>The list of projects, and the overview, settings and members of each.</summary>
static class ProjectRoutes
{
    public static void Map(WebApplication app)
    {
        app.MapGet("/", () => new RazorComponentResult<ProjectsPage>()).Require(Role.Annotator);
        app.MapGet("/projects/new", () => new RazorComponentResult<SettingsPage>()).Require(Role.Owner);
        app.MapPost("/projects/new", Add).Require(Role.Owner);
        app.MapGet("/projects/{project:long}", (long project) => ProjectPage<OverviewPage>(project)).Require(Role.Annotator);
        app.MapGet("/projects/{project:long}/settings", (long project) => ProjectPage<SettingsPage>(project)).Require(Role.Owner);
        app.MapPost("/projects/{project:long}/settings", Change).Require(Role.Owner);
        app.MapPost("/projects/{project:long}/members", SetMembers).Require(Role.Owner);
        app.MapPost("/projects/{project:long}/archived", Archive).Require(Role.Owner);
    }

    /// <summary>A page of a project; every such page has the parameter <c>Id</c>.</summary>
    public static IResult ProjectPage<TPage>(long project) where TPage : Microsoft.AspNetCore.Components.IComponent =>
        new RazorComponentResult<TPage>(new { Id = project });

    static IResult Add(HttpContext context, PreferenceStore store, [FromForm] string name, [AsParameters] SettingsForm form)
    {
        var project = store.Projects.Add(name, form.Settings(), context.Person().Id);
        return Results.LocalRedirect($"/projects/{project.Id}");
    }

    static IResult Change(HttpContext context, PreferenceStore store, long project, [FromForm] string name,
        [FromForm] long? revision, [AsParameters] SettingsForm form)
    {
        store.Projects.Change(project, name, form.Settings(context.Project().Settings), context.Person().Id, revision);
        return Results.LocalRedirect($"/projects/{project}");
    }

    static IResult SetMembers(HttpContext context, PreferenceStore store, long project, [FromForm] long? revision,
        [FromForm] long[] people)
    {
        store.Projects.SetMembers(project, people, context.Person().Id, revision);
        return Results.LocalRedirect($"/projects/{project}/settings");
    }

    static IResult Archive(HttpContext context, PreferenceStore store, long project, [FromForm] bool archived)
    {
        store.Projects.Archive(project, archived, context.Person().Id);
        return Results.LocalRedirect("/");
    }
}
