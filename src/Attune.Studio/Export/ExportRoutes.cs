using System.Globalization;
using Attune.Store;
using Attune.Store.Export;
using Attune.Studio.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Attune.Studio.Export;

/// <summary>Exports of a project: a preview with counts, a download, and snapshots for training.</summary>
static class ExportRoutes
{
    public static void Map(WebApplication app)
    {
        app.MapGet("/projects/{project:long}/export", 
            (HttpContext context, PreferenceStore store, long project, [AsParameters] ExportForm form) =>
            new RazorComponentResult<ExportPage>(new
            {
                Id = project, Options = form.Options(store.Projects.Get(project).Settings, context.Request),
            })).Require(Role.Reviewer);
        app.MapGet("/projects/{project:long}/export/download", Download).Require(Role.Reviewer);
        app.MapPost("/projects/{project:long}/export/snapshot", Snapshot).Require(Role.Owner);
    }

    internal static IResult Download(
        HttpContext context, PreferenceStore store, StudioOptions studio, long project, [AsParameters] ExportForm form)
    {
        var found = store.Projects.Get(project);
        var options = form.Options(found.Settings, context.Request);
        var scratch = PrivateFolder.Create(studio.Exports);
        var archive = new FileStream(
            Path.Combine(scratch, $"download-{Guid.NewGuid():N}.zip"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read, 1 << 16,
            FileOptions.DeleteOnClose);
        try
        {
            ExportArchive.Write(store, found, options, scratch, archive, context.Person().Id);
            archive.Position = 0;
            return Results.File(archive, "application/zip", $"export-{project}-{options.Layout.ToString().ToLowerInvariant()}.zip");
        }
        catch
        {
            archive.Dispose();
            throw;
        }
    }

    static IResult Snapshot(HttpContext context, PreferenceStore store, StudioOptions studio, long project, [AsParameters] ExportForm form)
    {
        var found = store.Projects.Get(project);
        var options = form.Options(found.Settings, context.Request);
        var time = DateTimeOffset.UtcNow.ToString("yyyyMMdd-HHmmss-fff", CultureInfo.InvariantCulture);
        var name = $"{project}-{options.Layout.ToString().ToLowerInvariant()}-{time}";
        PrivateFolder.Create(studio.Exports);
        store.Exports.Snapshot(found, options, Path.Combine(studio.Exports, name), context.Person().Id);
        return Results.LocalRedirect($"/projects/{project}/export{context.Request.QueryString}#snapshots");
    }
}
