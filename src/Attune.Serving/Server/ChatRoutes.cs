using System.Text.Json.Nodes;
using Attune.Generation.Scheduling;
using Attune.Serving.Protocol;
using Attune.Training.Environments;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Attune.Serving.Server;

/// <summary><c>/v1/chat/completions</c>.</summary>
static class ChatRoutes
{
    public static void Map(WebApplication app) => app.MapPost("/v1/chat/completions", Respond);

    static async Task Respond(
        HttpContext context, ServedModels models, RequestLimits limits, Draining draining, ILogger<ApiErrors> log)
    {
        var request = await RequestBody.Read(context, ProtocolJson.Wire.ChatCompletionRequest).ConfigureAwait(false);
        var engine = models.Find<ChatEngine>(request.Model, "writes text");
        var prompt = engine.Encode(request.ToConversation(limits));
        var responses = engine.Start(request.ToRequest(prompt, engine, limits));
        using var cancellation = draining.LinkTo(context);
        try
        {
            var answer = new Answer(context, engine, request, prompt.Length, responses);
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
        HttpContext context, ChatEngine engine, ChatCompletionRequest request, int promptTokens, IReadOnlyList<ResponseStream> responses)
        : Answer<ChatChoice, ChatCompletion>(
            context, "chat", engine, request, promptTokens, responses, "chatcmpl", ProtocolJson.Wire.ChatCompletion)
    {
        readonly bool logprobs = request.ReportedLogprobs() is not null;

        protected override ChatCompletion Body(
            IReadOnlyList<ChatChoice> choices, bool isPart, string answerId, long seconds, string model, Usage? usage) =>
            new(isPart ? "chat.completion.chunk" : "chat.completion", choices, answerId, seconds, model, usage);

        protected override async Task<ChatChoice> Choice(ResponseStream response, int index, CancellationToken cancellation)
        {
            var whole = await response.ReadToEndAsync(cancellation).ConfigureAwait(false);
            var calls = Calls(response);
            var content = calls is not null && whole.Text.Length == 0 ? null : whole.Text;
            return new(index, new("assistant", content, calls), Delta: null, Logprobs(whole.Tokens))
            {
                FinishReason = TokenNames.Reason(response),
            };
        }

        protected override async Task Write(EventStream events, ResponseStream response, int index, CancellationToken cancellation)
        {
            await Send(events, new ChatReply("assistant", "")).ConfigureAwait(false);
            await foreach (var piece in response.WithCancellation(cancellation).ConfigureAwait(false))
                if (piece.Text.Length > 0 || (logprobs && piece.Tokens.Count > 0))
                    await Send(events, new ChatReply(null, piece.Text), Logprobs(piece.Tokens)).ConfigureAwait(false);
            if (Calls(response) is { } calls)
                await Send(events, new ChatReply(null, null, calls)).ConfigureAwait(false);
            await Send(events, new ChatReply(null, null), reason: TokenNames.Reason(response)).ConfigureAwait(false);

            Task Send(EventStream to, ChatReply delta, ChatLogprobs? reported = null, string? reason = null) => this.Send(
                to, [new(index, Message: null, delta, reported) { FinishReason = reason }], cancellation);
        }

        ChatLogprobs? Logprobs(IReadOnlyList<SampledToken> tokens) => logprobs && tokens.Count > 0
            ? new([.. tokens.Select(token => Names.Logprob(token.Id, token.Logprob, [.. token.Top.Select(top => Names.Logprob(top))]))])
            : null;

        static IReadOnlyList<ToolCallReply>? Calls(ResponseStream response) => response.ToolCalls.Count == 0 ? null :
        [
            .. response.ToolCalls.Select((call, index) => new ToolCallReply(
                index, ToolEnvironment.NewCallId(), "function", new(call.Name, Text(call.Arguments)))),
        ];

        static string Text(JsonObject arguments) => arguments.ToJsonString(ProtocolJson.Wire.Options);
    }
}
