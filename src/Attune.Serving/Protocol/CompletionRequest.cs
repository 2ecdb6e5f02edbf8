using System.Text.Json;

namespace Attune.Serving.Protocol;

/// <summary>A request to <c>/v1/completions</c>.</summary>
sealed record CompletionRequest : GenerationFields
{
    public JsonElement? Prompt { get; init; }
    public int? Logprobs { get; init; }
    public bool? Echo { get; init; }
    public int? BestOf { get; init; }
    public string? Suffix { get; init; }

    protected override int? Limit => MaxTokens ?? 16;              // OpenAI's default

    /// <summary>The prompts in tokens: a text, a list of texts, tokens, or a list of lists of tokens.</summary>
    /// <exception cref="ApiException">A prompt is not allowed.</exception>
    public IReadOnlyList<int[]> Prompts(ChatEngine engine, RequestLimits limits)
    {
        if (Echo == true)
            throw ApiException.Invalid("echo must be false", "echo");
        if (BestOf is { } best && best != Samples)
            throw ApiException.Invalid($"best_of must be n, {Samples} (was {best})", "best_of");
        if (Suffix is { Length: > 0 })
            throw ApiException.Invalid("suffix must be empty", "suffix");
        Check("logprobs", Logprobs, 0, 20);
        var prompts = PromptList(engine);
        return prompts.Count >= 1 && prompts.Count * (long)Math.Max(1, Samples) <= limits.MaxSamples
            ? prompts
            : throw ApiException.Invalid($"prompts times n must be from 1 to {limits.MaxSamples}", "prompt");
    }

    IReadOnlyList<int[]> PromptList(ChatEngine engine) => Prompt switch
    {
        { ValueKind: JsonValueKind.String } one => [engine.Encode(one.GetString()!)],
        { ValueKind: JsonValueKind.Array } list when All(list, JsonValueKind.String) =>
            [.. list.EnumerateArray().Select(item => engine.Encode(item.GetString()!))],
        { ValueKind: JsonValueKind.Array } list when All(list, JsonValueKind.Number) => [Tokens(engine, list)],
        { ValueKind: JsonValueKind.Array } list when All(list, JsonValueKind.Array) =>
            [.. list.EnumerateArray().Select(item => Tokens(engine, item))],
        _ => throw ApiException.Invalid("prompt must be a text, a list of texts, or tokens", "prompt"),
    };

    static bool All(JsonElement list, JsonValueKind kind) =>
        list.GetArrayLength() > 0 && list.EnumerateArray().All(item => item.ValueKind == kind);

    static int[] Tokens(ChatEngine engine, JsonElement list) =>
    [
        .. list.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var id) && id >= 0
            && id < engine.VocabularySize
            ? id
            : throw ApiException.Invalid($"prompt must have token ids from 0 to {engine.VocabularySize - 1}", "prompt")),
    ];
}
