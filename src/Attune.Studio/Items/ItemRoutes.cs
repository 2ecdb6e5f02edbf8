using System.IO.Compression;
using Attune.Store;
using Attune.Store.Import;
using Attune.Studio.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Attune.Studio.Items;

/// <summary>The items of a project: search, import, and a page for each with its decisions.</summary>
static class ItemRoutes
{
    /// <summary>The largest upload, in bytes.</summary>
    public const long LargestUpload = 256L << 20;

    /// <summary>The largest content of a compressed file, in bytes.</summary>
    const long LargestUnpacked = 1L << 30;

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

    static async Task<IResult> Import(HttpContext context, PreferenceStore store, StudioOptions options, long project, IFormFile file,
        [FromForm] string? decisions)
    {
        var found = store.Projects.Get(project);
        PrivateFolder.Create(options.Exports);
        var path = Path.Combine(options.Exports, $"upload-{Guid.NewGuid():N}{Ending(file.FileName)}");     // never a path from the request
        try
        {
            await Copy(file, path, context.RequestAborted);
            var result = store.Imports.Add(found, path, context.Person().Id, DecisionsOf(decisions));
            return Results.LocalRedirect($"/projects/{project}/items?added={result.Items}");
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException(error.Message.Replace(path, file.FileName, StringComparison.Ordinal), error);
        }
        finally
        {
            File.Delete(path);
        }
    }

    static ImportedDecisions DecisionsOf(string? text) => text switch
    {
        null or nameof(ImportedDecisions.Keep) => ImportedDecisions.Keep,
        nameof(ImportedDecisions.Again) => ImportedDecisions.Again,
        nameof(ImportedDecisions.Both) => ImportedDecisions.Both,
        _ => throw new InvalidDataException("choose what to do with decisions in the file: Keep, Again or Both"),
    };

    /// <summary>The file extension by the upload's name; a compressed file is unpacked while it is read.</summary>
    static string Ending(string name) =>
        name.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) ? ".csv"
        : name.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase) || IsCompressed(name) ? ".jsonl"
        : throw new InvalidDataException("the file's name must end in .jsonl, .jsonl.gz or .csv");

    static bool IsCompressed(string name) => name.EndsWith(".jsonl.gz", StringComparison.OrdinalIgnoreCase);

    static async Task Copy(IFormFile file, string path, CancellationToken cancellation)
    {
        await using var target = new FileStream(path, FileMode.CreateNew);
        await using var uploaded = file.OpenReadStream();
        await using var source = IsCompressed(file.FileName) ? new GZipStream(uploaded, CompressionMode.Decompress) : uploaded;
        var buffer = new byte[1 << 16];
        for (int read; (read = await source.ReadAsync(buffer, cancellation)) > 0;)
        {
            if (target.Length + read > LargestUnpacked)
                throw new InvalidDataException(
                    $"{file.FileName} has more than {LargestUnpacked >> 20:N0} MiB; split it, or import it with `attune feedback import`");
            await target.WriteAsync(buffer.AsMemory(0, read), cancellation);
        }
    }
}
