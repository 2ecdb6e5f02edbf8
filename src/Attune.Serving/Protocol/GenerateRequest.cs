using System.Text.Json;

namespace Attune.Serving.Protocol;

/// <summary>A request to <c>/generate</c>, in the fields of SGLang.</summary>
sealed record GenerateRequest
{
    public JsonElement? Text { get; init; }
    public JsonElement? InputIds { get; init; }
    public GenerateParameters? SamplingParams { get; init; }
    public bool? ReturnLogprob { get; init; }
    public bool? Stream { get; init; }

    /// <summary>The name of an adapter; null for the model itself.</summary>
    public string? LoraPath { get; init; }

    /// <summary>The prompts in tokens.</summary>
    /// <exception cref="ApiException">A field has a value that is not allowed.</exception>
    public IReadOnlyList<int[]> Prompts(ChatEngine engine, RequestLimits limits)
    {
        if (Stream == true)
            throw ApiException.Invalid("stream must be false; /v1/completions streams", "stream");
        var samples = SamplingParams?.Samples ?? 1;
        return (Text, InputIds) switch
        {
            ({ } texts, null) => PromptField.Read(texts, "text", samples, engine, limits, addSpecialTokens: true),
            (null, { } ids) => PromptField.Read(ids, "input_ids", samples, engine, limits, addSpecialTokens: true),
            _ => throw ApiException.Invalid("the request must have either text or input_ids", "input_ids"),
        };
    }

    /// <summary>Whether the answer is one object, and no list.</summary>
    public bool IsOne => PromptField.IsOne((Text ?? InputIds)!.Value) && (SamplingParams?.Samples ?? 1) == 1;
}

/// <summary>The <c>sampling_params</c> of SGLang.</summary>
sealed record GenerateParameters : GenerationFields
{
    const int UsualLimit = 128;                                    // SGLang's default

    public int? MaxNewTokens { get; init; }
    public int? MinNewTokens { get; init; }
    public long? SamplingSeed { get; init; }

    public override int? Limit => MaxNewTokens ?? UsualLimit;

    public override int? Least => MinNewTokens;

    public override ChatRequest ToRequest(int[] prompt, ChatEngine engine, RequestLimits limits) =>
        base.ToRequest(prompt, engine, limits) with { Seed = SamplingSeed, TemperedLogprobs = true };
}
