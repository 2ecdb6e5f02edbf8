using Attune.Store;
using Attune.Store.Import;
using Attune.Studio.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Attune.Studio.Items;

/// <summary>The items of a project: search, import, and a page for each with its decisions.</summary>
static class ItemRoutes
{
    /// <summary>The largest upload, in bytes.</summary>
    public const long LargestUpload = 256L << 20;

    public static void Map(WebApplication app)
    {
        app.MapGet("/projects/{project:long}/items", List).Require(Role.Reviewer);
        app.MapPost("/projects/{project:long}/items", Import).Require(Role.Owner)
            .WithMetadata(new RequestSizeLimitAttribute(LargestUpload));
        app.MapGet("/projects/{project:long}/items/{item:long}", (long project, long item) =>
            new RazorComponentResult<ItemPage>(new { Id = project, Number = item })).Require(Role.Reviewer);
    }

    static RazorComponentResult<ItemsPage> List(long project, string? text, string? state, long? after, long? added) => new(new
    {
        Id = project,
        Search = new ItemSearch(text ?? "", EnumName<ItemState>.TryParse(state, null, out var known) ? known : ItemState.Any),
        After = after ?? 0,
        Added = added,
    });

    static async Task<IResult> Import(HttpContext context, PreferenceStore store, long project, IFormFile file,
        [FromForm] string? decisions)
    {
        await using var content = file.OpenReadStream();
        var result = await Add(context, store.Projects.Get(project), content, file.FileName,
            EnumName<ImportedDecisions>.ParseOr(ImportedDecisions.Keep, decisions));
        return Results.LocalRedirect($"/projects/{project}/items?added={result.Items}");
    }

    /// <summary>
    /// Adds the rows of a data file to a project; none if the request is aborted or the studio stops before they are read.
    /// </summary>
    internal static async Task<ImportResult> Add(
        HttpContext context, Project project, Stream content, string fileName, ImportedDecisions decisions)
    {
        var services = context.RequestServices;
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        using var upload = await Upload.Save(content, fileName, services.GetRequiredService<StudioOptions>().Exports, cancellation.Token);
        var rows = upload.Read(path => ImportRows.Read(path, project.Settings, Upload.LargestContent, cancellation.Token));
        var imports = services.GetRequiredService<PreferenceStore>().Imports;
        return imports.Add(project, rows, context.Person().Id, decisions, cancellation.Token);
    }
}
