using System.Globalization;
using System.Text.Json;
using Attune.Generation;

namespace Attune.Serving.Protocol;

/// <summary>
/// What requests for responses have in common. The fields are those of OpenAI's API, and of vLLM and SGLang where OpenAI has none.
/// </summary>
abstract record GenerationFields
{
    const int MostStops = 16;

    public string? Model { get; init; }
    public double? Temperature { get; init; }
    public double? TopP { get; init; }
    public int? TopK { get; init; }
    public double? MinP { get; init; }
    public double? RepetitionPenalty { get; init; }
    public double? FrequencyPenalty { get; init; }
    public double? PresencePenalty { get; init; }
    public IReadOnlyDictionary<string, double>? LogitBias { get; init; }
    public int? MaxTokens { get; init; }
    public int? MinTokens { get; init; }
    public int? N { get; init; }
    public long? Seed { get; init; }
    public JsonElement? Stop { get; init; }
    public IReadOnlyList<int>? StopTokenIds { get; init; }
    public bool? IgnoreEos { get; init; }
    public bool? SkipSpecialTokens { get; init; }
    public bool? Stream { get; init; }
    public StreamOptions? StreamOptions { get; init; }

    public int Samples => N ?? 1;

    /// <summary>The most tokens of a response; null for as many as are allowed.</summary>
    public virtual int? Limit => MaxTokens;

    public virtual int? Least => MinTokens;

    /// <summary>The request to the engine.</summary>
    /// <param name="prompt">The prompt in tokens.</param>
    /// <param name="engine">The model.</param>
    /// <param name="limits">The limits of the server.</param>
    /// <exception cref="ApiException">A field has a value that is not allowed.</exception>
    public virtual ChatRequest ToRequest(int[] prompt, ChatEngine engine, RequestLimits limits) => new(prompt)
    {
        Sampling = Sampling(prompt.Length, engine, limits),
        Samples = Samples,
        Seed = Seed,
        StopTokenIds = StopTokenIds?.All(id => id >= 0 && id < engine.VocabularySize) ?? true ? StopTokenIds ?? []
            : throw ApiException.Invalid($"stop_token_ids must have token ids from 0 to {engine.VocabularySize - 1}", "stop_token_ids"),
        IgnoreEos = IgnoreEos == true,
        KeepsSpecialTokens = SkipSpecialTokens == false,
    };

    SamplingOptions Sampling(int prompt, ChatEngine engine, RequestLimits limits)
    {
        Check("n", Samples, 1, limits.MaxSamples);
        Check("temperature", Temperature, 0, 2);
        Check("top_p", TopP, 1e-6, 1);
        Check("top_k", TopK, -1, int.MaxValue);
        Check("min_p", MinP, 0, 1);
        Check("repetition_penalty", RepetitionPenalty, 0.001, 1000);
        Check("frequency_penalty", FrequencyPenalty, -2, 2);
        Check("presence_penalty", PresencePenalty, -2, 2);
        Check("max_tokens", Limit, 1, int.MaxValue);
        return new()
        {
            MaxNewTokens = MaxNewTokens(prompt, engine.ContextLength, limits),
            MinNewTokens = Least ?? 0,
            // Tiny temperatures are greedy: the logits would overflow.
            Temperature = Temperature is < 0.001 ? 0 : Temperature ?? 1,
            TopP = TopP ?? 1,
            TopK = Math.Max(0, TopK ?? 0),
            MinP = MinP ?? 0,
            RepetitionPenalty = RepetitionPenalty ?? 1,
            FrequencyPenalty = FrequencyPenalty ?? 0,
            PresencePenalty = PresencePenalty ?? 0,
            SequenceBias = Biases(engine.VocabularySize),
            Stop = Stops(),
        };
    }

    int MaxNewTokens(int prompt, int context, RequestLimits limits)
    {
        var room = context - prompt;
        if (room < 1)
            throw ApiException.Invalid(
                $"the prompt has {prompt} tokens, which leaves no space for a response in a context of {context} tokens",
                code: "context_length_exceeded");
        var most = Math.Min(room, limits.MaxTokens);
        return Limit is not { } limit || limit <= most ? Limit ?? most : throw ApiException.Invalid(
            limit > limits.MaxTokens
                ? $"max_tokens must be at most {limits.MaxTokens}, the limit of this server (was {limit})"
                : $"the prompt has {prompt} tokens, so max_tokens must be at most {room} in a context of {context} tokens (was {limit})",
            "max_tokens",
            limit > limits.MaxTokens ? null : "context_length_exceeded");
    }

    SequenceBias[] Biases(int vocabulary) => LogitBias is not { Count: > 0 } biases ? [] :
    [
        .. biases.Select(entry => int.TryParse(entry.Key, NumberStyles.None, CultureInfo.InvariantCulture, out var token)
            && token < vocabulary
            && entry.Value is >= -100 and <= 100
            ? new SequenceBias { Tokens = [token], Bias = entry.Value <= -100 ? -1e6 : entry.Value >= 100 ? 1e6 : entry.Value }
            : throw ApiException.Invalid(
                $"logit_bias must have token ids below {vocabulary} with a bias from -100 to 100 (was \"{entry.Key}\": {entry.Value})",
                "logit_bias")),
    ];

    string[] Stops()
    {
        string[]? stops = Stop switch
        {
            null or { ValueKind: JsonValueKind.Null } => [],
            { ValueKind: JsonValueKind.String } one => [one.GetString()!],
            { ValueKind: JsonValueKind.Array } all when all.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) =>
                [.. all.EnumerateArray().Select(item => item.GetString()!)],
            _ => null,
        };
        return stops is { Length: <= MostStops } && !stops.Contains("")
            ? stops
            : throw ApiException.Invalid($"stop must be a text, or a list of up to {MostStops} texts, none of them empty", "stop");
    }

    protected static void Check(string name, double? value, double least, double most)
    {
        if (value is { } number && !(number >= least && number <= most))
            throw ApiException.Invalid(string.Create(
                CultureInfo.InvariantCulture, $"{name} must be from {least} to {most} (was {number})"), name);
    }
}

sealed record StreamOptions
{
    public bool? IncludeUsage { get; init; }
}

/// <summary>The limits of the server for one request.</summary>
/// <param name="MaxTokens">Of a response.</param>
/// <param name="MaxSamples">The most responses to one prompt.</param>
/// <param name="MaxResponses">The most responses, to all prompts.</param>
/// <param name="MaxMessages">The most messages of a conversation.</param>
sealed record RequestLimits(int MaxTokens, int MaxSamples, int MaxResponses, int MaxMessages);
