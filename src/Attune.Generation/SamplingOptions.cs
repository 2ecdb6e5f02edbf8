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

    /// <summary>Only the likeliest tokens that together reach this share of the entropy, of at most 100; 0 for all.</summary>
    [Range(0d, 1d)]
    public double TopH { get; init; }

    /// <summary>Only the likeliest tokens that together reach this probability; 1 for all.</summary>
    [Range(1e-6, 1)]
    public double TopP { get; init; } = 1;

    /// <summary>Only tokens with at least this share of the likeliest one's probability; 0 for all.</summary>
    [Range(0d, 1d)]
    public double MinP { get; init; }

    /// <summary>Only the tokens of typical surprise that together reach this probability; 1 for all.</summary>
    [Range(1e-6, 1)]
    public double TypicalP { get; init; } = 1;

    /// <summary>Only tokens of at least this probability, and the likeliest; 0 for all.</summary>
    [Range(0d, 1d, MaximumIsExclusive = true)]
    public double EpsilonCutoff { get; init; }

    /// <summary>The same with a bound that falls with the entropy H to √ε · exp(−H), where that is less than ε; 0 for all.</summary>
    [Range(0d, 1d, MaximumIsExclusive = true)]
    public double EtaCutoff { get; init; }

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

    /// <summary>A list of texts that never come in an answer, neither as they are written here nor with a space in front.</summary>
    public IReadOnlyList<string> BadWords { get; init; } = [];

    /// <summary>The same as lists of token ids.</summary>
    public IReadOnlyList<IReadOnlyList<int>> BadWordsIds { get; init; } = [];

    /// <summary>A list of sequences that are made likelier or less likely: each has a text or tokens, and a bias.</summary>
    public IReadOnlyList<SequenceBias> SequenceBias { get; init; } = [];

    /// <summary>A list of token ids that are never chosen.</summary>
    public IReadOnlyList<int> SuppressTokens { get; init; } = [];

    /// <summary>A list of token ids that no answer begins with.</summary>
    public IReadOnlyList<int> BeginSuppressTokens { get; init; } = [];

    /// <summary>The id of the token that every answer begins with; null for any.</summary>
    [Range(0, int.MaxValue)]
    public int? ForcedBosTokenId { get; init; }

    /// <summary>The id of the token that an answer has at the end of maxNewTokens, if it comes so far; null for any.</summary>
    [Range(0, int.MaxValue)]
    public int? ForcedEosTokenId { get; init; }

    /// <summary>Makes the end of an answer likelier with every token after the first ones.</summary>
    public LengthDecay ExponentialDecayLengthPenalty { get; init; } = new();

    /// <summary>
    /// Classifier-free guidance: above 1 moves answers away from those that would follow the negative prompt, at the price of reading each
    /// twice; 1 is off. For generation only.
    /// </summary>
    [Range(0d, 100d)]
    public double GuidanceScale { get; init; } = 1;

    /// <summary>What guidance moves away from; without one, answers to the last token of the prompt alone.</summary>
    public string NegativePrompt { get; init; } = "";

    /// <summary>The same in token ids.</summary>
    public IReadOnlyList<int> NegativePromptIds { get; init; } = [];

    /// <summary>Whether logits that are no finite numbers become finite ones (NaN becomes 0), for models that overflow.</summary>
    public bool RemoveInvalidValues { get; init; }

    /// <summary>Whether scores become log-probabilities again after all filters; changes the scores of beams, and no draw.</summary>
    public bool RenormalizeLogits { get; init; }

    /// <summary>A list of texts that end an answer where they come; they are not part of it.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>
    /// Draws maxNewTokens for every answer and cuts it at its end afterwards, so that what is drawn for one answer does not depend on when
    /// others end.
    /// </summary>
    public bool FixedLength { get; init; }

    /// <summary>Whether only temperature shapes the draw: no token is left out for being unlikely.</summary>
    public bool IsUntruncated =>
        TopK == 0 && TopP >= 1 && MinP <= 0 && TypicalP >= 1 && TopH <= 0 && EpsilonCutoff <= 0 && EtaCutoff <= 0;

    /// <summary>Whether some tokens cannot be chosen, likely or not, because of what a row holds or by a list.</summary>
    public bool ForbidsTokens => NoRepeatNgramSize > 0 || MinNewTokens > 0 || BadWords.Count + BadWordsIds.Count > 0
        || SuppressTokens.Count + BeginSuppressTokens.Count > 0 || ForcedBosTokenId is not null || ForcedEosTokenId is not null;

    /// <summary>Whether texts are left that must become tokens before anything is generated.</summary>
    internal bool HasTexts => BadWords.Count > 0 || NegativePrompt.Length > 0 || SequenceBias.Any(bias => bias.Text.Length > 0);

    /// <summary>The same with token ids in the place of texts; stop strings are left.</summary>
    /// <param name="encode">Gives the tokens of a text in the middle of others.</param>
    /// <param name="encodePrompt">Gives the tokens of a prompt; the same where it is null.</param>
    public SamplingOptions WithTokens(Func<string, int[]> encode, Func<string, int[]>? encodePrompt = null) => this with
    {
        BadWords = [],
        BadWordsIds = [.. BadWordsIds, .. BadWords.SelectMany(word => new[] { encode(word), encode(" " + word) })],
        SequenceBias = [.. SequenceBias.Select(bias => bias.Text.Length == 0 ? bias : bias with { Text = "", Tokens = encode(bias.Text) })],
        NegativePrompt = "",
        NegativePromptIds = NegativePrompt.Length == 0 ? NegativePromptIds : (encodePrompt ?? encode)(NegativePrompt),
    };

    /// <summary>Without what shapes a draw, for a search.</summary>
    internal SamplingOptions WithoutShaping() => this with
    {
        Temperature = 1, TopK = 0, TopP = 1, MinP = 0, TypicalP = 1, TopH = 0, EpsilonCutoff = 0, EtaCutoff = 0,
    };

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (MinNewTokens > Math.Max(1, MaxNewTokens))
            yield return new($"must be at most maxNewTokens, {MaxNewTokens}", [nameof(MinNewTokens)]);
        if (Temperature is not 0 and not (>= 1e-3 and <= 1e3))
            yield return new("must be 0 (greedy) or from 0.001 to 1000", [nameof(Temperature)]);
        if (Stop.Any(text => text.Length == 0))
            yield return new("must have no empty text", [nameof(Stop)]);
        if (BadWords.Any(word => word.Length == 0))
            yield return new("must have no empty text", [nameof(BadWords)]);
        if (BadWordsIds.Any(word => word.Count == 0))
            yield return new("must have no empty list", [nameof(BadWordsIds)]);
        foreach (var (name, ids) in TokenLists().Where(list => list.Ids.Any(id => id < 0)))
            yield return new($"must have token ids of at least 0, found {ids.First(id => id < 0)}", [name]);
        if (GuidanceScale == 1 && (NegativePrompt.Length > 0 || NegativePromptIds.Count > 0))
            yield return new("must not be 1 with a negative prompt", [nameof(GuidanceScale)]);
        if (NegativePrompt.Length > 0 && NegativePromptIds.Count > 0)
            yield return new("must be empty where negativePrompt is given", [nameof(NegativePromptIds)]);
    }

    IEnumerable<(string Name, IEnumerable<int> Ids)> TokenLists() =>
    [
        (nameof(BadWordsIds), BadWordsIds.SelectMany(word => word)), (nameof(SuppressTokens), SuppressTokens),
        (nameof(BeginSuppressTokens), BeginSuppressTokens), (nameof(NegativePromptIds), NegativePromptIds),
    ];
}
