using System.Text.Json;

namespace Attune.Serving.Protocol;

/// <summary>Prompts in a request: a text, a list of texts, tokens, or a list of lists of tokens.</summary>
static class PromptField
{
    /// <summary>The prompts in tokens.</summary>
    /// <param name="prompts">The value of the field.</param>
    /// <param name="name">The name of the field.</param>
    /// <param name="samples">Responses to each prompt.</param>
    /// <param name="engine">The model.</param>
    /// <param name="limits">The limits of the server.</param>
    /// <param name="addSpecialTokens">Whether texts get the tokens with which a text begins.</param>
    /// <exception cref="ApiException">A prompt is not allowed, or there are too many.</exception>
    public static IReadOnlyList<int[]> Read(
        JsonElement? prompts, string name, int samples, ChatEngine engine, RequestLimits limits, bool addSpecialTokens)
    {
        var read = Read(prompts, name, engine, addSpecialTokens);
        return read.Count * (long)Math.Max(1, samples) <= limits.MaxResponses ? read : throw ApiException.Invalid(
            $"prompts times n must be at most {limits.MaxResponses}, the limit of this server (was {read.Count} times {samples}); "
            + "send several requests, or start the server with a larger --max-waiting",
            name);
    }

    /// <summary>Whether there is one prompt, and no list of prompts.</summary>
    public static bool IsOne(JsonElement prompts) => prompts.ValueKind == JsonValueKind.String || All(prompts, JsonValueKind.Number);

    static IReadOnlyList<int[]> Read(JsonElement? prompts, string name, ChatEngine engine, bool addSpecialTokens) => prompts switch
    {
        { ValueKind: JsonValueKind.String } one => [engine.Encode(one.GetString()!, addSpecialTokens)],
        { } list when All(list, JsonValueKind.String) =>
            [.. list.EnumerateArray().Select(item => engine.Encode(item.GetString()!, addSpecialTokens))],
        { } list when All(list, JsonValueKind.Number) => [Tokens(list, name, engine)],
        { } list when All(list, JsonValueKind.Array) => [.. list.EnumerateArray().Select(item => Tokens(item, name, engine))],
        _ => throw ApiException.Invalid($"{name} must be a text, a list of texts, tokens, or a list of lists of tokens", name),
    };

    static bool All(JsonElement list, JsonValueKind kind) => list.ValueKind == JsonValueKind.Array
        && list.GetArrayLength() > 0 && list.EnumerateArray().All(item => item.ValueKind == kind);

    static int[] Tokens(JsonElement list, string name, ChatEngine engine) =>
    [
        .. list.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var id) && id >= 0
            && id < engine.VocabularySize
            ? id
            : throw ApiException.Invalid($"{name} must have token ids from 0 to {engine.VocabularySize - 1}", name)),
    ];
}
