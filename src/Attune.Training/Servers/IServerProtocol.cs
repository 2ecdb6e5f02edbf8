using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Generation;

namespace Attune.Training.Servers;

/// <summary>Responses that a server is asked for.</summary>
/// <param name="Prompt">Token ids.</param>
/// <param name="Samples">How many responses.</param>
/// <param name="Sampling">How they are sampled.</param>
/// <param name="EosIds">Tokens that end a response.</param>
/// <param name="Seed">Of the request.</param>
sealed record ServerRequest(int[] Prompt, int Samples, SamplingOptions Sampling, IReadOnlyList<int> EosIds, ulong Seed);

/// <summary>A response of a server.</summary>
/// <param name="Tokens">Token ids.</param>
/// <param name="Logprobs">Of each token.</param>
/// <param name="FinishReason">"stop", "length" or another one; null before it has ended.</param>
readonly record struct ServerResponse(int[] Tokens, float[] Logprobs, string? FinishReason);

/// <summary>A response of an answer, or the next part of it in a stream.</summary>
/// <param name="Index">Which response of the request.</param>
/// <param name="Tokens">Token ids.</param>
/// <param name="Logprobs">Of each token.</param>
/// <param name="FinishReason">"stop", "length" or another one; null where more follows.</param>
/// <param name="WeightVersion">The version of the weights; null where the server does not report it.</param>
readonly record struct ServerPart(int Index, int[] Tokens, float[] Logprobs, string? FinishReason, string? WeightVersion);

/// <summary>The requests and answers of a kind of server.</summary>
interface IServerProtocol
{
    /// <summary>The path of requests for responses.</summary>
    string Path { get; }

    /// <summary>The path that describes the model.</summary>
    string ModelPath { get; }

    /// <summary>The body of a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="model">The name of the model on the server.</param>
    JsonObject Body(ServerRequest request, string model);

    /// <summary>
    /// The responses of an answer, or the parts of an event of a stream. A missing or wrong field is an error of <see cref="JsonElement"/>.
    /// </summary>
    IEnumerable<ServerPart> Read(JsonElement answer);

    /// <summary>The description of the model in an answer of <see cref="ModelPath"/>.</summary>
    JsonElement Model(JsonElement answer);

    /// <summary>The body of a request for the text of token ids.</summary>
    JsonObject TextBody(IEnumerable<int> ids, string model);

    /// <summary>The text of token ids, with that of a token after them; null where the answer does not have it.</summary>
    string? Text(JsonElement answer);

    static IServerProtocol From(RolloutOptions options) =>
        options.Protocol == RolloutProtocol.Sglang ? new SglangProtocol() : new OpenAiProtocol(options.Stream);
}

/// <summary>OpenAI's completions, with the fields of vLLM: <c>return_token_ids</c>, and <c>token_ids</c> of each choice.</summary>
/// <param name="stream">Whether the server sends tokens as they are sampled.</param>
sealed class OpenAiProtocol(bool stream) : IServerProtocol
{
    public string Path => "/v1/completions";

    public string ModelPath => "/v1/models";

    public JsonObject Body(ServerRequest request, string model)
    {
        var sampling = request.Sampling;
        var body = new JsonObject
        {
            ["model"] = model,
            ["prompt"] = ServerJson.Ids(request.Prompt),
            ["n"] = request.Samples,
            ["max_tokens"] = sampling.MaxNewTokens,
            ["min_tokens"] = sampling.MinNewTokens,
            ["temperature"] = sampling.Temperature,
            ["top_p"] = sampling.TopP,
            ["top_k"] = ServerJson.TopK(sampling),
            ["min_p"] = sampling.MinP,
            ["seed"] = (long)(request.Seed >> 1),                                   // a positive number
            ["stop_token_ids"] = ServerJson.Ids(request.EosIds),
            ["logprobs"] = 0,
            ["return_token_ids"] = true,
            ["stream"] = stream,
        };
        if (sampling.Stop.Count > 0)
            body["stop"] = ServerJson.Texts(sampling.Stop);
        return body;
    }

    public IEnumerable<ServerPart> Read(JsonElement answer) =>
        answer.GetProperty("choices").EnumerateArray().Select(choice => new ServerPart(
            choice.GetProperty("index").GetInt32(),
            [.. choice.GetProperty("token_ids").EnumerateArray().Select(id => id.GetInt32())],
            Logprobs(choice),
            choice.GetProperty("finish_reason").GetString(), WeightVersion: null));

    /// <summary>A part without tokens has none.</summary>
    static float[] Logprobs(JsonElement choice) =>
        choice.TryGetProperty("logprobs", out var logprobs) && logprobs.ValueKind != JsonValueKind.Null
            ? [.. logprobs.GetProperty("token_logprobs").EnumerateArray().Select(number => number.GetSingle())]
            : [];

    public JsonElement Model(JsonElement answer) => answer.GetProperty("data")[0];

    public JsonObject TextBody(IEnumerable<int> ids, string model) => new()
    {
        ["model"] = model, ["prompt"] = ServerJson.Ids(ids), ["max_tokens"] = 1, ["temperature"] = 0, ["echo"] = true,
    };

    public string? Text(JsonElement answer) => answer.GetProperty("choices")[0].GetProperty("text").GetString();
}

/// <summary>SGLang's <c>/generate</c>.</summary>
sealed class SglangProtocol : IServerProtocol
{
    public string Path => "/generate";

    public string ModelPath => "/get_model_info";

    public JsonObject Body(ServerRequest request, string model)
    {
        var sampling = request.Sampling;
        var options = new JsonObject
        {
            ["n"] = request.Samples,
            ["max_new_tokens"] = sampling.MaxNewTokens,
            ["min_new_tokens"] = sampling.MinNewTokens,
            ["temperature"] = sampling.Temperature,
            ["top_p"] = sampling.TopP,
            ["top_k"] = ServerJson.TopK(sampling),
            ["min_p"] = sampling.MinP,
            ["stop_token_ids"] = ServerJson.Ids(request.EosIds),
        };
        if (sampling.Stop.Count > 0)
            options["stop"] = ServerJson.Texts(sampling.Stop);
        return new()
        {
            ["input_ids"] = new JsonArray(ServerJson.Ids(request.Prompt)),
            ["sampling_params"] = options,
            ["return_logprob"] = true,
        };
    }

    public IEnumerable<ServerPart> Read(JsonElement answer) => Items(answer).Select((item, index) =>
    {
        var meta = item.GetProperty("meta_info");
        var tokens = meta.GetProperty("output_token_logprobs").EnumerateArray().ToList();           // [logprob, id, text]
        return new ServerPart(
            index, [.. tokens.Select(token => token[1].GetInt32())], [.. tokens.Select(token => token[0].GetSingle())],
            meta.GetProperty("finish_reason").GetProperty("type").GetString(),
            meta.TryGetProperty("weight_version", out var version) ? version.GetString() : null);
    });

    public JsonElement Model(JsonElement answer) => answer;

    public JsonObject TextBody(IEnumerable<int> ids, string model) => new()
    {
        ["input_ids"] = new JsonArray(ServerJson.Ids(ids)),
        ["sampling_params"] = new JsonObject { ["max_new_tokens"] = 1, ["temperature"] = 0 },
        ["return_logprob"] = true,
        ["logprob_start_len"] = 0,
        ["return_text_in_logprobs"] = true,
    };

    public string? Text(JsonElement answer) => string.Concat(
        Items(answer).First().GetProperty("meta_info").GetProperty("input_token_logprobs").EnumerateArray()
            .Select(token => token[2].GetString()));

    /// <summary>A single response may be an object.</summary>
    static IEnumerable<JsonElement> Items(JsonElement answer) =>
        answer.ValueKind == JsonValueKind.Object ? [answer] : answer.EnumerateArray();
}

/// <summary>Values of requests.</summary>
static class ServerJson
{
    public static JsonArray Ids(IEnumerable<int> ids) => [.. ids.Select(id => (JsonNode)id)];

    public static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(text => (JsonNode)text)];

    /// <summary>−1 for all tokens.</summary>
    public static int TopK(SamplingOptions sampling) => sampling.TopK == 0 ? -1 : sampling.TopK;
}
