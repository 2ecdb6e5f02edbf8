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
                responses.AddRange(engine.Start(request.ToRequest(prompt, engine, limits)));
            var answer = new Answer(context, engine, prompts, responses, request);
            await answer.Respond(log, cancellation.Token).ConfigureAwait(false);
        }
        finally
        {
            foreach (var response in responses)
                response.Dispose();
        }
    }

    /// <summary>The answer to one request.</summary>
    sealed class Answer(
        HttpContext context, ChatEngine engine, IReadOnlyList<int[]> prompts, IReadOnlyList<ResponseStream> responses,
        CompletionRequest request)
        : Answer<CompletionChoice, Completion>(
            context, "text_completion", engine, request, prompts.Sum(prompt => prompt.Length), responses, "cmpl",
            ProtocolJson.Wire.Completion)
    {
        readonly bool logprobs = request.Logprobs is not null;
        readonly bool ids = request.ReturnTokenIds == true;
        readonly int samples = request.Samples;

        protected override Completion Body(
            IReadOnlyList<CompletionChoice> choices, bool isPart, string answerId, long seconds, string model, Usage? usage) =>
            new("text_completion", choices, answerId, seconds, model, usage);

        protected override async Task<CompletionChoice> Choice(ResponseStream response, int index, CancellationToken cancellation)
        {
            var whole = await response.ReadToEndAsync(cancellation).ConfigureAwait(false);
            var choice = Part(index, whole.Text, [.. whole.Tokens, .. End(response)], 0);
            return choice with { FinishReason = TokenNames.Reason(response), PromptTokenIds = PromptIds(index) };
        }

        protected override async Task Write(EventStream events, ResponseStream response, int index, CancellationToken cancellation)
        {
            var (offset, prompt) = (0, PromptIds(index));
            await foreach (var piece in response.WithCancellation(cancellation).ConfigureAwait(false))
            {
                if (piece.Text.Length > 0 || ((logprobs || ids) && piece.Tokens.Count > 0))
                {
                    await Send(Part(index, piece.Text, piece.Tokens, offset)).ConfigureAwait(false);
                    prompt = null;
                }
                offset += piece.Text.Length;
            }
            await Send(Part(index, "", End(response), offset) with { FinishReason = TokenNames.Reason(response) }).ConfigureAwait(false);

            Task Send(CompletionChoice choice) => this.Send(events, [choice with { PromptTokenIds = prompt }], cancellation);
        }

        CompletionChoice Part(int index, string text, IReadOnlyList<SampledToken> tokens, int offset) =>
            new(index, text, Logprobs(tokens, offset)) { TokenIds = ids ? [.. tokens.Select(token => token.Id)] : null };

        int[]? PromptIds(int index) => ids ? prompts[index / samples] : null;

        static SampledToken[] End(ResponseStream response) => response.EndToken is { } end ? [end] : [];

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
