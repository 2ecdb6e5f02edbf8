using Attune.Generation.Scheduling;
using Attune.Serving.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Attune.Serving.Server;

/// <summary><c>/v1/completions</c>: prompts that are given to the model as they are.</summary>
static class CompletionRoutes
{
    public static void Map(WebApplication app) => app.MapPost("/v1/completions", Respond);

    static async Task Respond(
        HttpContext context, ServedModels models, RequestLimits limits, Draining draining, ILogger<ApiErrors> log)
    {
        var request = await RequestBody.Read(context, ProtocolJson.Wire.CompletionRequest).ConfigureAwait(false);
        var engine = models.Find<ChatEngine>(request.Model, "writes text");
        var prompts = request.Prompts(engine, limits);
        var responses = new List<ResponseStream>();
        using var cancellation = draining.LinkTo(context);
        try
        {
            foreach (var prompt in prompts)
                responses.AddRange(engine.Start(new(prompt)
                {
                    Sampling = request.Sampling(prompt.Length, engine, limits),
                    Samples = request.Samples,
                    Seed = request.Seed,
                    TopLogprobs = request.Logprobs,
                }));
            var answer = new Answer(context, engine, prompts.Sum(prompt => prompt.Length), responses, request.Logprobs is not null);
            await (request.Stream == true
                ? answer.Stream(request.StreamOptions?.IncludeUsage == true, log, cancellation.Token)
                : answer.Whole(cancellation.Token)).ConfigureAwait(false);
        }
        finally
        {
            foreach (var response in responses)
                response.Dispose();
        }
    }

    /// <summary>The answer to one request.</summary>
    sealed class Answer(HttpContext context, ChatEngine engine, int promptTokens, IReadOnlyList<ResponseStream> responses, bool logprobs)
    {
        readonly string id = $"cmpl-{Guid.NewGuid():N}";
        readonly long created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        readonly TokenNames names = new(engine.Tokenizer);

        Usage Usage => Usage.Of(promptTokens, responses.Sum(response => response.TokenCount));

        public async Task Whole(CancellationToken cancellation)
        {
            var choices = await Task.WhenAll(responses.Select((response, index) => Choice(response, index, cancellation)))
                .ConfigureAwait(false);
            await RequestBody.Write(context, new("text_completion", choices, id, created, engine.Name, Usage), ProtocolJson.Wire.Completion)
                .ConfigureAwait(false);
        }

        public Task Stream(bool withUsage, ILogger log, CancellationToken cancellation) =>
            EventStream.Respond(
                context, log,
                async events =>
                {
                    await Task.WhenAll(responses.Select((response, index) => Write(events, response, index, cancellation)))
                        .ConfigureAwait(false);
                    if (withUsage)
                        await Send(events, [], cancellation, Usage).ConfigureAwait(false);
                },
                cancellation);

        async Task<CompletionChoice> Choice(ResponseStream response, int index, CancellationToken cancellation)
        {
            var whole = await response.ReadToEndAsync(cancellation).ConfigureAwait(false);
            return new(index, whole.Text, Logprobs(whole.Tokens, 0)) { FinishReason = TokenNames.Reason(response) };
        }

        async Task Write(EventStream events, ResponseStream response, int index, CancellationToken cancellation)
        {
            var offset = 0;
            await foreach (var piece in response.WithCancellation(cancellation).ConfigureAwait(false))
            {
                if (piece.Text.Length > 0 || (logprobs && piece.Tokens.Count > 0))
                    await Send(events, [new(index, piece.Text, Logprobs(piece.Tokens, offset))], cancellation).ConfigureAwait(false);
                offset += piece.Text.Length;
            }
            await Send(events, [new(index, "", null) { FinishReason = TokenNames.Reason(response) }], cancellation).ConfigureAwait(false);
        }

        Task Send(EventStream events, IReadOnlyList<CompletionChoice> choices, CancellationToken cancellation, Usage? usage = null) =>
            events.Write(new("text_completion", choices, id, created, engine.Name, usage), ProtocolJson.Wire.Completion, cancellation);

        CompletionLogprobs? Logprobs(IReadOnlyList<SampledToken> tokens, int offset)
        {
            if (!logprobs || tokens.Count == 0)
                return null;
            string[] texts = [.. tokens.Select(token => names.Text(token.Id))];
            int[] offsets = [.. texts.Select(text => (offset += text.Length) - text.Length)];
            return new(texts, [.. tokens.Select(token => TokenNames.Finite(token.Logprob))], [.. tokens.Select(Top)], offsets);
        }

        Dictionary<string, double> Top(SampledToken token) => token.Top.GroupBy(top => names.Text(top.Id), StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Max(top => TokenNames.Finite(top.Logprob)), StringComparer.Ordinal);
    }
}
