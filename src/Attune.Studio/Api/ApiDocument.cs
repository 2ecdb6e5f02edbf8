using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace Attune.Studio.Api;

/// <summary>The OpenAPI document: what its generator does not find in the routes themselves.</summary>
static class ApiDocument
{
    const string Bearer = "token";

    /// <summary>Errors that every operation may answer with.</summary>
    static readonly (int Status, string Meaning)[] Errors =
    [
        (StatusCodes.Status400BadRequest, "The request is not valid."),
        (StatusCodes.Status401Unauthorized, "There is no token, it is not valid, or it has expired."),
        (StatusCodes.Status403Forbidden, "The token does not have the scope, or the person does not have the role."),
        (StatusCodes.Status429TooManyRequests, "Too many requests with this token; wait as long as Retry-After says."),
        (StatusCodes.Status503ServiceUnavailable, "The store cannot be read or written at the moment; send the request again."),
    ];

    public static void AddTo(IServiceCollection services) => services.AddOpenApi(options =>
    {
        options.ShouldInclude = route => route.ActionDescriptor.EndpointMetadata.OfType<ApiScope>().Any();
        options.AddDocumentTransformer((document, _, _) =>
        {
            Describe(document);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer(Describe);
        options.AddSchemaTransformer((schema, _, _) =>
        {
            if (schema.Enum is { Count: > 0 })
                schema.Type ??= JsonSchemaType.String;
            return Task.CompletedTask;
        });
    });

    static void Describe(OpenApiDocument document)
    {
        document.Info = new()
        {
            Title = "Attune Studio",
            Version = "1",
            Description = "Requests are authorised by a personal access token: `Authorization: Bearer attune_…`.",
            License = new() { Name = "MIT" },
        };
        document.Components ??= new();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [Bearer] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http, Scheme = "bearer",
                Description = "A personal access token, from your own page in the studio.",
            },
        };
    }

    static async Task Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var scope = metadata.OfType<ApiScope>().Last().Scope.ToString().ToLowerInvariant();
        var role = metadata.OfType<IAuthorizeData>().Last().Policy!.ToLowerInvariant();
        operation.Description = $"{operation.Description} Scope: {scope}. Role: {role}.".Trim();
        operation.Security = [new() { [new OpenApiSecuritySchemeReference(Bearer, context.Document)] = [scope] }];
        foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
        {
            parameter.Name = JsonNamingPolicy.CamelCase.ConvertName(parameter.Name!);     // those of a form are named like its properties
            parameter.Description ??= parameter.In == ParameterLocation.Path ? $"The id of the {parameter.Name}." : null;
        }
        if (metadata.OfType<RequestFile>().FirstOrDefault() is { } file)
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = file.ContentTypes.ToDictionary(type => type, _ => new OpenApiMediaType
                {
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" },
                }),
            };
        var error = await context.GetOrCreateSchemaAsync(typeof(ApiError), cancellationToken: cancellation);
        context.Document!.AddComponent(nameof(ApiError), error);
        var errors = operation.Parameters?.Any(parameter => parameter.In == ParameterLocation.Path) == true
            ? Errors.Append((StatusCodes.Status404NotFound, "It does not exist, or you may not see it.")) : Errors;
        if (metadata.OfType<RequestFile>().Any())
            errors = errors.Append((StatusCodes.Status413PayloadTooLarge, "The file is too large."))
                .Append((StatusCodes.Status415UnsupportedMediaType, "The Content-Type is not one that is read."));
        operation.Responses ??= [];
        foreach (var (status, meaning) in errors)
            operation.Responses.TryAdd(status.ToString(CultureInfo.InvariantCulture), new OpenApiResponse
            {
                Description = meaning,
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    ["application/json"] = new() { Schema = new OpenApiSchemaReference(nameof(ApiError), context.Document) },
                },
            });
    }
}
