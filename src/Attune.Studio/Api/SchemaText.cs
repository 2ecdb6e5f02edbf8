using Microsoft.OpenApi;

namespace Attune.Studio.Api;

/// <summary>The type of a JSON value as text, such as <c>list of integer or null</c>.</summary>
static class SchemaText
{
    public static string Of(IOpenApiSchema? schema) => schema switch
    {
        null => "any value",
        OpenApiSchemaReference reference => reference.Reference.Id ?? "",
        { OneOf: { Count: > 0 } choices } => string.Join(" or ", choices.Select(Of)),
        { Type: { } type } when type.HasFlag(JsonSchemaType.Array) => $"list of {Of(schema.Items)}{OrNull(type)}",
        { Type: JsonSchemaType.Null } => "null",
        { Type: { } type } => $"{type & ~JsonSchemaType.Null}".ToLowerInvariant() + OrNull(type),
        _ => "any value",
    };

    static string OrNull(JsonSchemaType type) => type.HasFlag(JsonSchemaType.Null) ? " or null" : "";
}
