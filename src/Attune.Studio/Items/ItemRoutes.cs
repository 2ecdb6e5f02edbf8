using Attune.Store;
using Attune.Store.Import;
using Attune.Studio.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
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

    static async Task<IResult> Import(HttpContext context, PreferenceStore store, StudioOptions options, IHostApplicationLifetime lifetime,
        long project, IFormFile file, [FromForm] string? decisions)
    {
        var found = store.Projects.Get(project);
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        using var upload = await Upload.Save(file, options.Exports, cancellation.Token);
        var result = upload.Read(path =>
            store.Imports.Add(found, path, context.Person().Id, DecisionsOf(decisions), Upload.LargestContent, cancellation.Token));
        return Results.LocalRedirect($"/projects/{project}/items?added={result.Items}");
    }

    static ImportedDecisions DecisionsOf(string? text) => text switch
    {
        null or nameof(ImportedDecisions.Keep) => ImportedDecisions.Keep,
        nameof(ImportedDecisions.Again) => ImportedDecisions.Again,
        nameof(ImportedDecisions.Both) => ImportedDecisions.Both,
        _ => throw new InvalidDataException("choose what to do with decisions in the file: Keep, Again or Both"),
    };
}
