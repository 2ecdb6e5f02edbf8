using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Attune.Serving.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Attune.Serving.Server;

/// <summary>Server-sent events with JSON. Several tasks may write at the same time.</summary>
sealed class EventStream : IDisposable
{
    readonly HttpContext context;
    readonly SemaphoreSlim turn = new(1);
    readonly Utf8JsonWriter json;

    public EventStream(HttpContext context)
    {
        this.context = context;
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
        json = new(context.Response.BodyWriter, new() { Encoder = ProtocolJson.Wire.Options.Encoder });
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

    public async Task End(CancellationToken cancellation)
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
