using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Attune.Serving.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Attune.Serving.Server;

/// <summary>Server-sent events with JSON. Several tasks may write at the same time.</summary>
sealed class EventStream : IDisposable
{
    readonly HttpContext context;
    readonly SemaphoreSlim turn = new(1);
    readonly Utf8JsonWriter json;

    EventStream(HttpContext context)
    {
        this.context = context;
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
        json = new(context.Response.BodyWriter, new() { Encoder = ProtocolJson.Wire.Options.Encoder });
    }

    /// <summary>Responds with the events that a function writes, and ends the stream. An error is an event too.</summary>
    public static async Task Respond(HttpContext context, ILogger log, Func<EventStream, Task> write, CancellationToken cancellation)
    {
        using var events = new EventStream(context);
        try
        {
            await write(events).ConfigureAwait(false);
            await events.End(cancellation).ConfigureAwait(false);
        }
        catch (Exception error) when (!context.RequestAborted.IsCancellationRequested)
        {
            await events.Write(ApiErrors.Describe(error, context, log).Body, ProtocolJson.Wire.ErrorBody, context.RequestAborted)
                .ConfigureAwait(false);
        }
    }

    public async Task Write<T>(T value, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            Bytes("data: "u8);
            json.Reset();
            JsonSerializer.Serialize(json, value, type);
            json.Flush();
            Bytes("\n\n"u8);
            _ = await context.Response.BodyWriter.FlushAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            turn.Release();
        }
    }

    async Task End(CancellationToken cancellation)
    {
        Bytes("data: [DONE]\n\n"u8);
        _ = await context.Response.BodyWriter.FlushAsync(cancellation).ConfigureAwait(false);
    }

    public void Dispose()
    {
        json.Dispose();
        turn.Dispose();
    }

    void Bytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(context.Response.BodyWriter.GetSpan(bytes.Length));
        context.Response.BodyWriter.Advance(bytes.Length);
    }
}
