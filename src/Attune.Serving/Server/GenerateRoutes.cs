using System.Text.Json;
using Attune.Generation.Scheduling;
using Attune.Serving.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Attune.Serving.Server;

/// <summary><c>/generate</c> and <c>/get_model_info</c>: the protocol of SGLang, which trainers use for rollouts.</summary>
static class GenerateRoutes
{
    public static void Map(WebApplication app)
    {
        app.MapPost("/generate", Respond);
        app.MapGet("/get_model_info", Describe);
        app.MapGet("/model_info", Describe);
    }

    static async Task Respond(HttpContext context, ServedModels models, RequestLimits limits, Draining draining)
    {
        var request = await RequestBody.Read(context, ProtocolJson.Wire.GenerateRequest).ConfigureAwait(false);
        var engine = models.Find<ChatEngine>(request.LoraPath, "writes text");
        var parameters = request.SamplingParams ?? new();
        var responses = new List<(int[] Prompt, ResponseStream Stream)>();
        using var cancellation = draining.LinkTo(context);
        try
        {
            foreach (var prompt in request.Prompts(engine, limits))
            {
                var streams = engine.Start(parameters.ToRequest(prompt, engine, limits) with
                {
                    TopLogprobs = request.ReturnLogprob == true ? 0 : null,
                });
                responses.AddRange(streams.Select(stream => (prompt, stream)));
            }
            await InferenceTelemetry.Measure(
                "text_completion", engine, parameters, responses.Sum(response => response.Prompt.Length) / parameters.Samples,
                [.. responses.Select(response => response.Stream)], Send).ConfigureAwait(false);
        }
        finally
        {
            foreach (var (_, stream) in responses)
                stream.Dispose();
        }

        async Task Send()
        {
            var answers = await Task.WhenAll(responses.Select(response => Answer(response.Prompt, response.Stream, cancellation.Token)))
                .ConfigureAwait(false);
            await (request.IsOne
                ? RequestBody.Write(context, answers[0], ProtocolJson.Wire.GenerateResponse)
                : RequestBody.Write(context, answers, ProtocolJson.Wire.GenerateResponseArray)).ConfigureAwait(false);
        }
    }

    static async Task<GenerateResponse> Answer(int[] prompt, ResponseStream response, CancellationToken cancellation)
    {
        var whole = await response.ReadToEndAsync(cancellation).ConfigureAwait(false);
        IReadOnlyList<SampledToken> tokens = response.EndToken is { } end ? [.. whole.Tokens, end] : whole.Tokens;
        var info = new GenerateInfo(
            Guid.NewGuid().ToString("N"), End(response), prompt.Length, tokens.Count, response.SharedTokens, response.WeightVersion!)
        {
            OutputTokenLogprobs = tokens.Any(token => float.IsNaN(token.Logprob)) ? null
                : [.. tokens.Select(token => new GenerateLogprob(TokenNames.Finite(token.Logprob), token.Id))],
        };
        return new(whole.Text, [.. tokens.Select(token => token.Id)], info);
    }

    static GenerateEnd End(ResponseStream response) => response switch
    {
        { End: ResponseEnd.Length } => new("length", Length: response.TokenCount),
        { StopString: { } stop } => new("stop", Matched: JsonSerializer.SerializeToElement(stop, ProtocolJson.Wire.String)),
        _ => new("stop", Matched: JsonSerializer.SerializeToElement(response.EndToken!.Value.Id, ProtocolJson.Wire.Int32)),
    };

    static Task Describe(HttpContext context, ServedModels models)
    {
        var engine = models.Find<ChatEngine>(null, "writes text");
        return RequestBody.Write(
            context, new ModelInfo(engine.Folder, engine.Folder, IsGeneration: true, engine.WeightVersion), ProtocolJson.Wire.ModelInfo);
    }
}
