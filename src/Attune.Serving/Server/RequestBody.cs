using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Attune.Serving.Protocol;
using Microsoft.AspNetCore.Http;

namespace Attune.Serving.Server;

/// <summary>Reads requests and writes responses.</summary>
static class RequestBody
{
    /// <exception cref="ApiException">The body is no JSON, or empty. A page of another site can send only other types.</exception>
    public static async Task<T> Read<T>(HttpContext context, JsonTypeInfo<T> type) where T : class
    {
        if (!context.Request.HasJsonContentType())
            throw new ApiException(415, "the request must have the content type application/json");
        return await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted).ConfigureAwait(false)
            ?? throw ApiException.Invalid("the request must be a JSON object");
    }

    public static Task Write<T>(HttpContext context, T response, JsonTypeInfo<T> type) =>
        context.Response.WriteAsJsonAsync(response, type, cancellationToken: context.RequestAborted);
}
