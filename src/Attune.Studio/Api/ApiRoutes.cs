using System.ComponentModel;
using Attune.Store;
using Attune.Store.Import;
using Attune.Studio.Export;
using Attune.Studio.Items;
using Attune.Studio.Quality;
using Attune.Studio.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Attune.Studio.Api;

/// <summary>
/// Routes for programs, the OpenAPI document of all routes of the API, and a page that shows it. <c>AnnotateRoutes</c> has the routes that
/// the ranking page uses too.
/// </summary>
static class ApiRoutes
{
    /// <summary>The endings of data files that the body of an import can be, by its Content-Type.</summary>
    static readonly Dictionary<string, string> Endings = new(StringComparer.OrdinalIgnoreCase)
    {
        ["application/x-ndjson"] = ".jsonl",
        ["application/json"] = ".json",
        ["text/csv"] = ".csv",
        ["text/tab-separated-values"] = ".tsv",
        ["application/vnd.apache.parquet"] = ".parquet",
        ["application/vnd.apache.arrow.file"] = ".arrow",
    };

    public static void Map(WebApplication app)
    {
        app.MapGet("/api", () => new RazorComponentResult<ApiPage>()).Require(Role.Annotator).ExcludeFromDescription();
        app.MapOpenApi("/api/openapi.json").Require(Role.Annotator).Api(AccessScope.Read);

        app.MapGet("/api/projects", List).Require(Role.Annotator).Api(AccessScope.Read).WithTags("Projects")
            .Describe("listProjects", "List your projects").Produces<ProjectList>();
        app.MapPost("/api/projects", Add).Require(Role.Owner).Api(AccessScope.Manage).WithTags("Projects")
            .Describe("createProject", "Create a project").Produces<ProjectSummary>(StatusCodes.Status201Created);
        app.MapGet("/api/projects/{project:long}", Get).Require(Role.Annotator).Api(AccessScope.Read).WithTags("Projects")
            .Describe("getProject", "Get a project").Produces<ProjectSummary>();
        app.MapGet("/api/projects/{project:long}/agreement", Agreement).Require(Role.Reviewer).Api(AccessScope.Read).WithTags("Projects")
            .Describe("getAgreement", "Get the agreement of the annotators", "Each value has a 95 % interval and the number of items.")
            .Produces<ProjectAgreement>();

        app.MapPost("/api/projects/{project:long}/items", Import).Require(Role.Owner).Api(AccessScope.Import).WithTags("Data")
            .WithMetadata(new RequestSizeLimitAttribute(ItemRoutes.LargestUpload)).WithMetadata(new RequestFile([.. Endings.Keys]))
            .Describe("importItems", "Import items", "The body is a data file of at most 256 MB. All rows are added, or none.")
            .Produces<ImportedItems>();
        app.MapGet("/api/projects/{project:long}/export", ExportRoutes.Download).Require(Role.Reviewer).Api(AccessScope.Export)
            .WithTags("Data")
            .Describe("downloadExport", "Download an export", "A ZIP archive with train.jsonl, heldout.jsonl and manifest.json.")
            .Produces<Stream>(contentType: "application/zip");
    }

    static IResult List(HttpContext context, PreferenceStore store)
    {
        var person = context.Person();
        return Results.Ok(new ProjectList(
            [.. store.Projects.All(person.Role == Role.Owner ? null : person.Id).Select(ProjectSummary.From)]));
    }

    static IResult Add(HttpContext context, PreferenceStore store, NewProject project)
    {
        var added = store.Projects.Add(project.Name, project.Settings ?? new(), context.Person().Id);
        return Results.Created($"/api/projects/{added.Id}", ProjectSummary.From(added));
    }

    static IResult Get(HttpContext context, long project) => Results.Ok(ProjectSummary.From(context.Project()));

    static IResult Agreement(ProjectFigures figures, long project,
        [Description("The key of a question of the project; the first one when left out.")] string? question) =>
        Results.Ok(ProjectAgreement.From(figures.Of(project, question).Agreement));

    static async Task<IResult> Import(HttpContext context, PreferenceStore store, long project,
        [Description("What to do with decisions in the file: keep (the default), again or both.")] string? decisions)
    {
        var type = context.Request.ContentType?.Split(';')[0].Trim() ?? "";
        if (Endings.GetValueOrDefault(type) is not { } ending)
            return Results.Json(new ApiError($"the Content-Type must be one of {string.Join(", ", Endings.Keys)} (was '{type}')"),
                statusCode: StatusCodes.Status415UnsupportedMediaType);
        var result = await ItemRoutes.Add(context, context.Project(), context.Request.Body, $"body{ending}",
            EnumName<ImportedDecisions>.ParseOr(ImportedDecisions.Keep, decisions));
        return Results.Ok(new ImportedItems(result.Items, result.Known, result.Decisions));
    }
}
