using System.Text.Json.Serialization;

namespace Attune.Serving.Protocol;

/// <summary>A response of <c>/v1/completions</c>, whole or as a chunk of a stream.</summary>
sealed record Completion(
    string Object, IReadOnlyList<CompletionChoice> Choices, string Id, long Created, string Model, Usage? Usage = null);

sealed record CompletionChoice(int Index, string Text, CompletionLogprobs? Logprobs)
{
    public IReadOnlyList<int>? TokenIds { get; init; }

    public IReadOnlyList<int>? PromptTokenIds { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? FinishReason { get; init; }
}

sealed record CompletionLogprobs(
    IReadOnlyList<string> Tokens, IReadOnlyList<double> TokenLogprobs, IReadOnlyList<IReadOnlyDictionary<string, double>> TopLogprobs,
    IReadOnlyList<int> TextOffset);
