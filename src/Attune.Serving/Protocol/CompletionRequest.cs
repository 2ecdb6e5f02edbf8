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
    public bool? AddSpecialTokens { get; init; }

    /// <summary>Whether choices have the ids of the tokens of prompt and response.</summary>
    public bool? ReturnTokenIds { get; init; }

    public override int? Limit => MaxTokens ?? 16;              // OpenAI's default

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
        return PromptField.Read(Prompt, "prompt", Samples, engine, limits, AddSpecialTokens != false);
    }

    public override ChatRequest ToRequest(int[] prompt, ChatEngine engine, RequestLimits limits) =>
        base.ToRequest(prompt, engine, limits) with { TopLogprobs = Logprobs };
}
