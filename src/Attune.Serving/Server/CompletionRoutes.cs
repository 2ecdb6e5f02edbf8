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
            await answer.Respond(request.Stream, request.StreamOptions, log, cancellation.Token).ConfigureAwait(false);
        }
        finally
        {
            foreach (var response in responses)
                response.Dispose();
        }
    }

    /// <summary>The answer to one request.</summary>
    sealed class Answer(HttpContext context, ChatEngine engine, int promptTokens, IReadOnlyList<ResponseStream> responses, bool logprobs)
        : Answer<CompletionChoice, Completion>(context, engine, promptTokens, responses, "cmpl", ProtocolJson.Wire.Completion)
    {
        protected override Completion Body(
            IReadOnlyList<CompletionChoice> choices, bool isPart, string answerId, long seconds, string model, Usage? usage) =>
            new("text_completion", choices, answerId, seconds, model, usage);

        protected override async Task<CompletionChoice> Choice(ResponseStream response, int index, CancellationToken cancellation)
        {
            var whole = await response.ReadToEndAsync(cancellation).ConfigureAwait(false);
            return new(index, whole.Text, Logprobs(whole.Tokens, 0)) { FinishReason = TokenNames.Reason(response) };
        }

        protected override async Task Write(EventStream events, ResponseStream response, int index, CancellationToken cancellation)
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

        CompletionLogprobs? Logprobs(IReadOnlyList<SampledToken> tokens, int offset)
        {
            if (!logprobs || tokens.Count == 0)
                return null;
            string[] texts = [.. tokens.Select(token => Names.Text(token.Id))];
            int[] offsets = [.. texts.Select(text => (offset += text.Length) - text.Length)];
            return new(texts, [.. tokens.Select(token => TokenNames.Finite(token.Logprob))], [.. tokens.Select(Top)], offsets);
        }

        Dictionary<string, double> Top(SampledToken token) => token.Top.GroupBy(top => Names.Text(top.Id), StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Max(top => TokenNames.Finite(top.Logprob)), StringComparer.Ordinal);
    }
}
