namespace Attune.Generation;

/// <summary>How tokens are chosen.</summary>
public sealed record SamplingOptions
{
    /// <summary>The most tokens of an answer, the end-of-text token included.</summary>
    public int MaxNewTokens { get; init; } = 64;

    /// <summary>Divides the logits: below 1 is safer, above 1 is wilder; 0 always takes the likeliest token.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Only the k likeliest tokens; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Only the likeliest tokens that together reach this probability; 1 for all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>The filters these options ask for, in the order they are applied.</summary>
    public IReadOnlyList<ILogitsFilter> Filters() =>
        [.. new ILogitsFilter?[] { TopK > 0 ? new TopKFilter(TopK) : null, TopP < 1 ? new TopPFilter(TopP) : null }.OfType<ILogitsFilter>()];
}
