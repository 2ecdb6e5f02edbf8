using System.Text.Json.Serialization.Metadata;
using Attune.Serving.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Attune.Serving.Server;

/// <summary>The answer to a request with one or several responses: whole, or as a stream.</summary>
/// <param name="context">The request.</param>
/// <param name="operation">The name of what is asked for in traces and metrics.</param>
/// <param name="engine">The model that responds.</param>
/// <param name="request">The request's fields.</param>
/// <param name="promptTokens">Tokens of the prompts.</param>
/// <param name="responses">The responses, which are being sampled.</param>
/// <param name="idPrefix">The beginning of the answer's id.</param>
/// <param name="type">How the body is written as JSON.</param>
abstract class Answer<TChoice, TBody>(
    HttpContext context, string operation, ChatEngine engine, GenerationFields request, int promptTokens,
    IReadOnlyList<ResponseStream> responses, string idPrefix, JsonTypeInfo<TBody> type)
{
    readonly string id = $"{idPrefix}-{Guid.NewGuid():N}";
    readonly long created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    protected TokenNames Names { get; } = new(engine.Tokenizer);

    Usage Usage => Usage.Of(promptTokens, responses.Sum(response => response.TokenCount));

    /// <summary>Responds with the whole answer, or with a stream of it.</summary>
    public Task Respond(ILogger log, CancellationToken cancellation) => request.Stream == true
        ? EventStream.Respond(context, log, events => Measure(() => Stream(events, cancellation)), cancellation)
        : Measure(() => Whole(cancellation));

    Task Measure(Func<Task> send) => InferenceTelemetry.Measure(operation, engine, request, promptTokens, responses, send);

    async Task Whole(CancellationToken cancellation)
    {
        var choices = await Task.WhenAll(responses.Select((response, index) => Choice(response, index, cancellation)))
            .ConfigureAwait(false);
        await RequestBody.Write(context, Body(choices, isPart: false, id, created, engine.Name, Usage), type).ConfigureAwait(false);
    }

    async Task Stream(EventStream events, CancellationToken cancellation)
    {
        await Task.WhenAll(responses.Select((response, index) => Write(events, response, index, cancellation))).ConfigureAwait(false);
        if (request.StreamOptions?.IncludeUsage == true)
            await Send(events, [], cancellation, Usage).ConfigureAwait(false);
    }

    /// <summary>A response that has ended.</summary>
    protected abstract Task<TChoice> Choice(ResponseStream response, int index, CancellationToken cancellation);

    /// <summary>Sends a response as it grows.</summary>
    protected abstract Task Write(EventStream events, ResponseStream response, int index, CancellationToken cancellation);

    /// <param name="choices">The responses, or what is added to them.</param>
    /// <param name="isPart">Whether this is a part of a stream.</param>
    /// <param name="answerId">The id of the answer.</param>
    /// <param name="seconds">When it was begun, in Unix seconds.</param>
    /// <param name="model">The name of the model.</param>
    /// <param name="usage">Tokens of prompts and responses; null where they are not reported.</param>
    protected abstract TBody Body(
        IReadOnlyList<TChoice> choices, bool isPart, string answerId, long seconds, string model, Usage? usage);

    protected Task Send(EventStream events, IReadOnlyList<TChoice> choices, CancellationToken cancellation, Usage? usage = null) =>
        events.Write(Body(choices, isPart: true, id, created, engine.Name, usage), type, cancellation);
}
