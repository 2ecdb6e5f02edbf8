using System.ComponentModel.DataAnnotations;

namespace Attune.Generation;

/// <summary>Settings of sampling.</summary>
public sealed record SamplingOptions : IValidatableObject
{
    /// <summary>The maximum length of a response in tokens, the end-of-sequence token included.</summary>
    [Range(1, double.PositiveInfinity)]
    public int MaxNewTokens { get; init; } = 64;

    /// <summary>The minimum number of tokens before a response may end.</summary>
    [Range(0, double.PositiveInfinity)]
    public int MinNewTokens { get; init; }

    /// <summary>
    /// Divides the logits: below 1 makes likely tokens more likely, above 1 less; 0 always takes the most likely token.
    /// </summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Samples from the k most likely tokens; 0 for all.</summary>
    [Range(0, double.PositiveInfinity)]
    public int TopK { get; init; }

    /// <summary>Samples from the most likely tokens that together reach this share of the entropy, of at most 100; 0 for all.</summary>
    [Range(0d, 1d)]
    public double TopH { get; init; }

    /// <summary>Samples from the most likely tokens that together reach this probability; 1 for all.</summary>
    [Range(1e-6, 1)]
    public double TopP { get; init; } = 1;

    /// <summary>Samples from tokens with at least this share of the most likely token's probability; 0 for all.</summary>
    [Range(0d, 1d)]
    public double MinP { get; init; }

    /// <summary>Samples from the tokens with the most typical surprisal that together reach this probability; 1 for all.</summary>
    [Range(1e-6, 1)]
    public double TypicalP { get; init; } = 1;

    /// <summary>Samples from tokens with at least this probability, and the most likely one; 0 for all.</summary>
    [Range(0d, 1d, MaximumIsExclusive = true)]
    public double EpsilonCutoff { get; init; }

    /// <summary>The same with the bound min(ε, √ε · exp(−H)) for the entropy H; 0 for all.</summary>
    [Range(0d, 1d, MaximumIsExclusive = true)]
    public double EtaCutoff { get; init; }

    /// <summary>
    /// Above 1 makes tokens of the prompt and the response less likely to be repeated, in proportion to their logits; 1 for off.
    /// </summary>
    [Range(1e-3, 1e3)]
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Subtracted from a token's logit for each of its occurrences in the response.</summary>
    [Range(-100d, 100d)]
    public double FrequencyPenalty { get; init; }

    /// <summary>Subtracted from the logits of tokens that occur in the response.</summary>
    [Range(-100d, 100d)]
    public double PresencePenalty { get; init; }

    /// <summary>No sequence of this many tokens occurs twice in the prompt and the response; 0 for off.</summary>
    [Range(0, double.PositiveInfinity)]
    public int NoRepeatNgramSize { get; init; }

    /// <summary>Texts that never occur in a response, neither as written here nor with a space in front.</summary>
    public IReadOnlyList<string> BadWords { get; init; } = [];

    /// <summary>The same as lists of token ids.</summary>
    public IReadOnlyList<IReadOnlyList<int>> BadWordsIds { get; init; } = [];

    /// <summary>Sequences that are made more or less likely: each has a text or tokens, and a bias.</summary>
    public IReadOnlyList<SequenceBias> SequenceBias { get; init; } = [];

    /// <summary>Ids of tokens that are never sampled.</summary>
    public IReadOnlyList<int> SuppressTokens { get; init; } = [];

    /// <summary>Ids of tokens that a response never starts with.</summary>
    public IReadOnlyList<int> BeginSuppressTokens { get; init; } = [];

    /// <summary>The id of the token that every response starts with; null for any.</summary>
    [Range(0, int.MaxValue)]
    public int? ForcedBosTokenId { get; init; }

    /// <summary>The id of the last token of a response that reaches maxNewTokens; null for any.</summary>
    [Range(0, int.MaxValue)]
    public int? ForcedEosTokenId { get; init; }

    /// <summary>Makes the end of a response more likely with every token after the first ones.</summary>
    public LengthDecay ExponentialDecayLengthPenalty { get; init; } = new();

    /// <summary>
    /// Classifier-free guidance: above 1 moves responses away from those to the negative prompt, and reads each response twice; 1 for
    /// off. For generation only.
    /// </summary>
    [Range(0d, 100d)]
    public double GuidanceScale { get; init; } = 1;

    /// <summary>
    /// The negative prompt of guidance; without one, guidance moves away from responses to the last token of the prompt alone.
    /// </summary>
    public string NegativePrompt { get; init; } = "";

    /// <summary>The same in token ids.</summary>
    public IReadOnlyList<int> NegativePromptIds { get; init; } = [];

    /// <summary>
    /// β of a model that ILQL trained: β times Q − V is added to the log-probabilities. Null for the β that the model was saved with; 0 for
    /// off.
    /// </summary>
    [Range(-1e6, 1e6)]
    public double? AdvantageBeta { get; init; }

    /// <summary>Whether logits that are not finite are replaced (NaN by 0), for models that overflow.</summary>
    public bool RemoveInvalidValues { get; init; }

    /// <summary>Whether logits become log-probabilities after all filters. Changes the scores of beams, but not sampling.</summary>
    public bool RenormalizeLogits { get; init; }

    /// <summary>Texts that end a response where they occur; they are not part of it.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Whether temperature alone changes the distribution: no token is removed for being unlikely.</summary>
    public bool IsUntruncated =>
        TopK == 0 && TopP >= 1 && MinP <= 0 && TypicalP >= 1 && TopH <= 0 && EpsilonCutoff <= 0 && EtaCutoff <= 0;

    /// <summary>Whether some tokens are forbidden because of the row's tokens, or by a list.</summary>
    public bool ForbidsTokens => NoRepeatNgramSize > 0 || MinNewTokens > 0 || BadWords.Count + BadWordsIds.Count > 0
        || SuppressTokens.Count + BeginSuppressTokens.Count > 0 || ForcedBosTokenId is not null || ForcedEosTokenId is not null;

    /// <summary>Ids of the model's vocabulary without a token, which are never sampled.</summary>
    internal IReadOnlyList<int> UnusedIds { get; init; } = [];

    /// <summary>Whether there are texts that must become tokens before generation.</summary>
    internal bool HasTexts => BadWords.Count > 0 || NegativePrompt.Length > 0 || SequenceBias.Any(bias => bias.Text.Length > 0);

    /// <summary>The same with token ids in place of texts; stop strings remain.</summary>
    /// <param name="encode">Encodes a text in the middle of others.</param>
    /// <param name="encodePrompt">Encodes a prompt; null for <paramref name="encode"/>.</param>
    /// <param name="unusedIds">Ids of the model's vocabulary without a token: their logits become −∞.</param>
    public SamplingOptions WithTokens(
        Func<string, int[]> encode, Func<string, int[]>? encodePrompt = null, IReadOnlyList<int>? unusedIds = null) => this with
    {
        UnusedIds = unusedIds ?? [],
        BadWords = [],
        BadWordsIds = BadWords.Count == 0
            ? BadWordsIds
            : [.. BadWordsIds, .. BadWords.SelectMany(word => new[] { encode(word), encode(" " + word) })],
        SequenceBias = SequenceBias.All(bias => bias.Text.Length == 0)
            ? SequenceBias
            : [.. SequenceBias.Select(bias => bias.Text.Length == 0 ? bias : bias with { Text = "", Tokens = encode(bias.Text) })],
        NegativePrompt = "",
        NegativePromptIds = NegativePrompt.Length == 0 ? NegativePromptIds : (encodePrompt ?? encode)(NegativePrompt),
    };

    /// <summary>The same without temperature and truncation, for beam search.</summary>
    internal SamplingOptions WithoutShaping() => WithoutTruncation() with { Temperature = 1 };

    /// <summary>The same without truncation: no token is removed for being unlikely.</summary>
    public SamplingOptions WithoutTruncation() => this with
    {
        TopK = 0, TopP = 1, MinP = 0, TypicalP = 1, TopH = 0, EpsilonCutoff = 0, EtaCutoff = 0,
    };

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (MinNewTokens > Math.Max(1, MaxNewTokens))
            yield return new($"must be at most maxNewTokens ({MaxNewTokens})", [nameof(MinNewTokens)]);
        if (Temperature is not 0 and not (>= 1e-3 and <= 1e3))
            yield return new("must be 0 (greedy) or from 0.001 to 1000", [nameof(Temperature)]);
        if (Stop.Any(text => text.Length == 0))
            yield return new("must have no empty text", [nameof(Stop)]);
        if (BadWords.Any(word => word.Length == 0))
            yield return new("must have no empty text", [nameof(BadWords)]);
        if (BadWordsIds.Any(word => word.Count == 0))
            yield return new("must have no empty list", [nameof(BadWordsIds)]);
        foreach (var (name, ids) in TokenLists().Where(list => list.Ids.Any(id => id < 0)))
            yield return new($"must have token ids of at least 0 (was {ids.First(id => id < 0)})", [name]);
        if (GuidanceScale == 1 && (NegativePrompt.Length > 0 || NegativePromptIds.Count > 0))
            yield return new("must not be 1 with a negative prompt", [nameof(GuidanceScale)]);
        if (NegativePrompt.Length > 0 && NegativePromptIds.Count > 0)
            yield return new("must be empty when negativePrompt is set", [nameof(NegativePromptIds)]);
    }

    IEnumerable<(string Name, IEnumerable<int> Ids)> TokenLists() =>
    [
        (nameof(BadWordsIds), BadWordsIds.SelectMany(word => word)), (nameof(SuppressTokens), SuppressTokens),
        (nameof(BeginSuppressTokens), BeginSuppressTokens), (nameof(NegativePromptIds), NegativePromptIds),
    ];
}
