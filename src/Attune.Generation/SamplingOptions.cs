using System.ComponentModel.DataAnnotations;

namespace Attune.Generation;

/// <summary>How tokens are chosen.</summary>
public sealed record SamplingOptions : IValidatableObject
{
    /// <summary>The most tokens of an answer, the end-of-text token included.</summary>
    [Range(1, double.PositiveInfinity)]
    public int MaxNewTokens { get; init; } = 64;

    /// <summary>The fewest tokens before an answer may end.</summary>
    [Range(0, double.PositiveInfinity)]
    public int MinNewTokens { get; init; }

    /// <summary>Divides the logits: below 1 is safer, above 1 is wilder; 0 always takes the likeliest token.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Only the k likeliest tokens; 0 for all.</summary>
    [Range(0, double.PositiveInfinity)]
    public int TopK { get; init; }

    /// <summary>Only the likeliest tokens that together reach this probability; 1 for all.</summary>
    [Range(1e-6, 1)]
    public double TopP { get; init; } = 1;

    /// <summary>Only tokens with at least this share of the likeliest one's probability; 0 for all.</summary>
    [Range(0d, 1d)]
    public double MinP { get; init; }

    /// <summary>Only the tokens of typical surprise that together reach this probability; 1 for all.</summary>
    [Range(1e-6, 1)]
    public double TypicalP { get; init; } = 1;

    /// <summary>Above 1 makes tokens of prompt and answer less likely to come again, in proportion to their logits; 1 is off.</summary>
    [Range(1e-3, 1e3)]
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Taken from the logit of a token for each time that the answer has it.</summary>
    [Range(-100d, 100d)]
    public double FrequencyPenalty { get; init; }

    /// <summary>Taken from the logit of a token that the answer has.</summary>
    [Range(-100d, 100d)]
    public double PresencePenalty { get; init; }

    /// <summary>No run of this many tokens comes twice in prompt and answer; 0 is off.</summary>
    [Range(0, double.PositiveInfinity)]
    public int NoRepeatNgramSize { get; init; }

    /// <summary>A list of texts that end an answer where they come; they are not part of it.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>
    /// Draws maxNewTokens for every answer and cuts it at its end afterwards, so that what is drawn for one answer does not depend on when
    /// others end.
    /// </summary>
    public bool FixedLength { get; init; }

    /// <summary>Whether every token can be drawn: temperature alone shapes the draw.</summary>
    public bool IsUntruncated => Shaping().All(filter => filter is TemperatureFilter);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (MinNewTokens > Math.Max(1, MaxNewTokens))
            yield return new($"must be at most maxNewTokens, {MaxNewTokens}", [nameof(MinNewTokens)]);
        if (Temperature is not 0 and not (>= 1e-3 and <= 1e3))
            yield return new("must be 0 (greedy) or from 0.001 to 1000", [nameof(Temperature)]);
        if (Stop.Any(text => text.Length == 0))
            yield return new("must have no empty text", [nameof(Stop)]);
    }

    /// <summary>The filters that look at what a row holds, in the order they are applied; sampling and beam search have them.</summary>
    public IReadOnlyList<ILogitsFilter> Penalties(IReadOnlyList<int> eosIds) => Chosen(
        RepetitionPenalty != 1 ? new RepetitionPenaltyFilter(RepetitionPenalty) : null,
        FrequencyPenalty != 0 || PresencePenalty != 0 ? new FrequencyPenaltyFilter(FrequencyPenalty, PresencePenalty) : null,
        NoRepeatNgramSize > 0 ? new NoRepeatNGramFilter(NoRepeatNgramSize) : null,
        MinNewTokens > 0 ? new MinNewTokensFilter(MinNewTokens, eosIds) : null);

    /// <summary>The filters that shape a draw, in the order they are applied, after all others.</summary>
    public IReadOnlyList<ILogitsFilter> Shaping() => Chosen(
        Temperature is not 0 and not 1 ? new TemperatureFilter(Temperature) : null,
        TopK > 0 ? new TopKFilter(TopK) : null,
        TopP < 1 ? new TopPFilter(TopP) : null,
        MinP > 0 ? new MinPFilter(MinP) : null,
        TypicalP < 1 ? new TypicalFilter(TypicalP) : null);

    static IReadOnlyList<ILogitsFilter> Chosen(params ILogitsFilter?[] filters) => [.. filters.OfType<ILogitsFilter>()];
}
