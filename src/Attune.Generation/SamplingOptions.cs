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

    /// <summary>What is wrong with the values. float32 knows no smaller temperature or share than those asked for here.</summary>
    public IEnumerable<string> Problems()
    {
        if (MaxNewTokens < 1)
            yield return $"maxNewTokens: a number of at least 1 was expected, found {MaxNewTokens}";
        if (Temperature is not 0 and not (>= 1e-3 and <= 1e3))
            yield return $"temperature: 0 (greedy), or a number from 0.001 to 1000, was expected, found {Temperature}";
        if (TopK < 0)
            yield return $"topK: a number of at least 0 was expected, found {TopK}";
        if (TopP is not (>= 1e-6 and <= 1))
            yield return $"topP: a probability from 0.000001 to 1 was expected, found {TopP}";
    }

    /// <summary>The filters these options ask for, in the order they are applied.</summary>
    public IReadOnlyList<ILogitsFilter> Filters() =>
        [.. new ILogitsFilter?[] { TopK > 0 ? new TopKFilter(TopK) : null, TopP < 1 ? new TopPFilter(TopP) : null }.OfType<ILogitsFilter>()];
}
