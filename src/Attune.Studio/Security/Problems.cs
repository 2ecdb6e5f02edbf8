using Attune.Studio.Api;
using Attune.Studio.Layout;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Attune.Studio.Security;

/// <summary>Turns errors into one message: JSON in the API, a page elsewhere.</summary>
sealed class Problems(RequestDelegate next, ILogger<Problems> log)
{
    public async Task Invoke(HttpContext context)
    {
        var headers = context.Response.Headers.ToArray();
        try
        {
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null })
                await Write(context, headers, context.Response.StatusCode, Words(context.Response.StatusCode));
        }
        catch (InvalidDataException error) when (!context.Response.HasStarted)
        {
            await Write(context, headers, StatusCodes.Status400BadRequest, error.Message);
        }
        catch (Exception error) when ((error as BadHttpRequestException ?? error.InnerException as BadHttpRequestException) is { } bad
            && !context.Response.HasStarted)
        {
            await Write(context, headers, bad.StatusCode,
                bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? Words(413) : "the request could not be read");
        }
        catch (AntiforgeryValidationException) when (!context.Response.HasStarted)
        {
            await Write(context, headers, StatusCodes.Status400BadRequest, "the form could not be read");
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            log.LogError(error, "{Method} {Path} failed", context.Request.Method, context.Request.Path);
            var status = error is IOException ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status500InternalServerError;
            await Write(context, headers, status, Words(status));
        }
    }

    /// <summary>Headers of the replaced response that are kept, besides those that every response has.</summary>
    static readonly string[] Kept = [HeaderNames.SetCookie, HeaderNames.Allow, HeaderNames.RetryAfter];

    /// <summary>Replaces the response by a message.</summary>
    /// <param name="context">The request.</param>
    /// <param name="headers">The headers that every response has.</param>
    /// <param name="status">The status code.</param>
    /// <param name="message">The message.</param>
    static Task Write(HttpContext context, KeyValuePair<string, StringValues>[] headers, int status, string message)
    {
        var kept = context.Response.Headers.Where(header => Kept.Contains(header.Key)).Concat(headers).ToArray();
        context.Response.Clear();
        foreach (var (name, value) in kept)
            context.Response.Headers[name] = value;
        context.Response.StatusCode = status;
        return context.Request.IsApi()
            ? context.Response.WriteAsJsonAsync(new ApiError(message))
            : new RazorComponentResult<ProblemPage>(new { Status = status, Message = message }) { StatusCode = status }
                .ExecuteAsync(context);
    }

    static string Words(int status) => status switch
    {
        401 => "You are not signed in.",
        403 => "You do not have access to this page. An owner can add you to the project or change your role.",
        404 => "This page does not exist.",
        405 => "This address does not support the request.",
        413 => "The upload is too large.",
        503 => "The studio cannot read or write its store at the moment. Everything that was confirmed is saved; try again.",
        429 => "Too many attempts. Wait a minute, then try again.",
        >= 500 => "An error occurred in the studio. Everything that was confirmed is saved; see the studio's log for details.",
        _ => "The request is not valid.",
    };
}
