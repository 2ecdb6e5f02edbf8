using System.Text.Json;
using Attune.Generation.Scheduling;
using Attune.Serving.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Attune.Serving.Server;

/// <summary>Turns errors into the JSON of OpenAI's API.</summary>
sealed class ApiErrors(RequestDelegate next, ILogger<ApiErrors> log)
{
    public async Task Invoke(HttpContext context)
    {
        try
        {
            await next(context).ConfigureAwait(false);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null })
                await Write(context, new(context.Response.StatusCode, Words(context))).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone.
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            await Write(context, Describe(error, context)).ConfigureAwait(false);
        }
    }

    /// <summary>The error of a response, also of one that is a stream already.</summary>
    public static ApiException Describe(Exception error, HttpContext context, ILogger? log = null) => error switch
    {
        ApiException known => known,
        ResponseAbortedException aborted => new(503, aborted.Message, code: "aborted"),
        QueueFullException full => new(429, full.Message, code: "queue_full"),
        JsonException json => ApiException.Invalid(Sentence(json), Field(json)),
        InvalidOperationException { Source: { } source } when source.StartsWith("System.Text.Json", StringComparison.Ordinal) =>
             ApiException.Invalid("a text has half of a surrogate pair"),
        BadHttpRequestException { StatusCode: 413 } => new(413, "the request is too large"),
        BadHttpRequestException bad => new(bad.StatusCode, "the request could not be read"),
        InvalidDataException or NotSupportedException => ApiException.Invalid(error.Message),
        ObjectDisposedException or OperationCanceledException => new(503, "the server is shutting down, or unloads the model"),
        _ => Unexpected(error, context, log),
    };

    ApiException Describe(Exception error, HttpContext context) => Describe(error, context, log);

    static ApiException Unexpected(Exception error, HttpContext context, ILogger? log)
    {
        log?.LogError(error, "{Method} {Path} failed", context.Request.Method, context.Request.Path);
        return new(500, "an error occurred in the server; its log has the details");
    }

    static async Task Write(HttpContext context, ApiException error)
    {
        var allow = context.Response.Headers.Allow;
        context.Response.Clear();
        context.Response.Headers.Allow = allow;
        context.Response.StatusCode = error.Status;
        if (error.Status is 429 or 503)
            context.Response.Headers.RetryAfter = "1";
        if (error.Status == 401)
            context.Response.Headers.WWWAuthenticate = "Bearer";
        await context.Response.WriteAsJsonAsync(error.Body, ProtocolJson.Wire.ErrorBody).ConfigureAwait(false);
    }

    static string Sentence(JsonException error) => error.InnerException is null                    // the types do not fit
        ? Field(error) is { } field ? $"{field} has a value of the wrong type" : "the request must be a JSON object"
        : $"the request is not valid JSON: {error.InnerException.Message}";

    static string? Field(JsonException error) => error.Path is { Length: > 2 } path ? path[2..] : null;

    static string Words(HttpContext context) => context.Response.StatusCode switch
    {
        400 => "the request is not valid: a server without API keys accepts requests to localhost only",
        404 => $"there is no {context.Request.Path}",
        405 => $"{context.Request.Path} does not support {context.Request.Method}",
        413 => "the request is too large",
        _ => "the request is not valid",
    };
}
