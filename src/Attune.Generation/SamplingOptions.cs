namespace Attune.Generation;

/// <summary>How tokens are chosen.</summary>
public sealed record SamplingOptions
{
    /// <summary>The most tokens of an answer, the end-of-text token included.</summary>
    public int MaxNewTokens { get; init; } = 64;

    /// <summary>The fewest tokens before an answer may end.</summary>
    public int MinNewTokens { get; init; }

    /// <summary>Divides the logits: below 1 is safer, above 1 is wilder; 0 always takes the likeliest token.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Only the k likeliest tokens; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Only the likeliest tokens that together reach this probability; 1 for all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Only tokens with at least this share of the likeliest one's probability; 0 for all.</summary>
    public double MinP { get; init; }

    /// <summary>Only the tokens of typical surprise that together reach this probability; 1 for all.</summary>
    public double TypicalP { get; init; } = 1;

    /// <summary>Above 1 makes tokens of prompt and answer less likely to come again, in proportion to their logits; 1 is off.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Taken from the logit of a token for each time that the answer has it.</summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>Taken from the logit of a token that the answer has.</summary>
    public double PresencePenalty { get; init; }

    /// <summary>No run of this many tokens comes twice in prompt and answer; 0 is off.</summary>
    public int NoRepeatNgramSize { get; init; }

    /// <summary>A list of texts that end an answer where they come; they are not part of it.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>
    /// Draws maxNewTokens for every answer and cuts it at its end afterwards, so that what is drawn for one answer does not depend on when
    /// others end.
    /// </summary>
    public bool FixedLength { get; init; }

    /// <summary>Without what shapes a draw, for a search.</summary>
    internal SamplingOptions WithoutShaping() => this with { Temperature = 1, TopK = 0, TopP = 1, MinP = 0, TypicalP = 1 };

    /// <summary>Whether every token can be drawn: temperature alone shapes the draw.</summary>
    public bool IsUntruncated => Shaping().All(filter => filter is TemperatureFilter);

    /// <summary>What is wrong with the values. float32 knows no smaller temperature or share than those asked for here.</summary>
    public IEnumerable<string> Problems()
    {
        if (MaxNewTokens < 1)
            yield return $"maxNewTokens: a number of at least 1 was expected, found {MaxNewTokens}";
        if (MinNewTokens < 0 || MinNewTokens > Math.Max(1, MaxNewTokens))
            yield return $"minNewTokens: a number from 0 to maxNewTokens was expected, found {MinNewTokens}";
        if (Temperature is not 0 and not (>= 1e-3 and <= 1e3))
            yield return $"temperature: 0 (greedy), or a number from 0.001 to 1000, was expected, found {Temperature}";
        if (TopK < 0)
            yield return $"topK: a number of at least 0 was expected, found {TopK}";
        if (TopP is not (>= 1e-6 and <= 1))
            yield return $"topP: a probability from 0.000001 to 1 was expected, found {TopP}";
        if (MinP is not (>= 0 and <= 1))
            yield return $"minP: a share from 0 to 1 was expected, found {MinP}";
        if (TypicalP is not (>= 1e-6 and <= 1))
            yield return $"typicalP: a probability from 0.000001 to 1 was expected, found {TypicalP}";
        if (RepetitionPenalty is not (>= 1e-3 and <= 1e3))
            yield return $"repetitionPenalty: a number from 0.001 to 1000 was expected, found {RepetitionPenalty}";
        if (FrequencyPenalty is not (>= -100 and <= 100) || PresencePenalty is not (>= -100 and <= 100))
            yield return $"frequencyPenalty, presencePenalty: -100 to 100 was expected, found {FrequencyPenalty} and {PresencePenalty}";
        if (Stop.Any(text => text.Length == 0))
            yield return "stop: texts were expected, found an empty one";
        if (NoRepeatNgramSize < 0)
            yield return $"noRepeatNgramSize: a number of at least 0 was expected, found {NoRepeatNgramSize}";
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
