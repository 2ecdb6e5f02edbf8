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

    /// <summary>Only the likeliest tokens that together reach this share of the entropy, of at most 100; 0 for all.</summary>
    public double TopH { get; init; }

    /// <summary>Only the likeliest tokens that together reach this probability; 1 for all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Only tokens with at least this share of the likeliest one's probability; 0 for all.</summary>
    public double MinP { get; init; }

    /// <summary>Only the tokens of typical surprise that together reach this probability; 1 for all.</summary>
    public double TypicalP { get; init; } = 1;

    /// <summary>Only tokens of at least this probability, and the likeliest; 0 for all.</summary>
    public double EpsilonCutoff { get; init; }

    /// <summary>The same with a bound that falls with the entropy H to √ε · exp(−H), where that is less than ε; 0 for all.</summary>
    public double EtaCutoff { get; init; }

    /// <summary>Above 1 makes tokens of prompt and answer less likely to come again, in proportion to their logits; 1 is off.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Taken from the logit of a token for each time that the answer has it.</summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>Taken from the logit of a token that the answer has.</summary>
    public double PresencePenalty { get; init; }

    /// <summary>No run of this many tokens comes twice in prompt and answer; 0 is off.</summary>
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
    public int? ForcedBosTokenId { get; init; }

    /// <summary>The id of the token that an answer has at the end of maxNewTokens, if it comes so far; null for any.</summary>
    public int? ForcedEosTokenId { get; init; }

    /// <summary>Makes the end of an answer likelier with every token after the first ones.</summary>
    public LengthDecay ExponentialDecayLengthPenalty { get; init; } = new();

    /// <summary>
    /// Classifier-free guidance: above 1 moves answers away from those that would follow the negative prompt, at the price of reading each
    /// twice; 1 is off. For generation only.
    /// </summary>
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
        foreach (var problem in TruncationProblems().Concat(TokenProblems()).Concat(GuidanceProblems()))
            yield return problem;
        foreach (var problem in ExponentialDecayLengthPenalty.Problems())
            yield return $"exponentialDecayLengthPenalty.{problem}";
    }

    IEnumerable<string> TruncationProblems()
    {
        if (TopH is not (>= 0 and <= 1))
            yield return $"topH: a share from 0 to 1 was expected, found {TopH}";
        if (EpsilonCutoff is not (>= 0 and < 1))
            yield return $"epsilonCutoff: a probability from 0 to below 1 was expected, found {EpsilonCutoff}";
        if (EtaCutoff is not (>= 0 and < 1))
            yield return $"etaCutoff: a probability from 0 to below 1 was expected, found {EtaCutoff}";
    }

    IEnumerable<string> TokenProblems()
    {
        if (BadWords.Any(word => word.Length == 0) || BadWordsIds.Any(word => word.Count == 0))
            yield return "badWords: texts were expected, found an empty one";
        var lists = new (string Name, IEnumerable<int> Ids)[]
        {
            ("badWordsIds", BadWordsIds.SelectMany(word => word)), ("sequenceBias", SequenceBias.SelectMany(bias => bias.Tokens)),
            ("suppressTokens", SuppressTokens), ("beginSuppressTokens", BeginSuppressTokens), ("negativePromptIds", NegativePromptIds),
            ("forcedBosTokenId", [ForcedBosTokenId ?? 0]), ("forcedEosTokenId", [ForcedEosTokenId ?? 0]),
        };
        foreach (var (name, ids) in lists)
            if (ids.Any(id => id < 0))
                yield return $"{name}: token ids of at least 0 were expected, found {ids.First(id => id < 0)}";
        foreach (var (i, bias) in SequenceBias.Index())
            foreach (var problem in bias.Problems())
                yield return $"sequenceBias.{i}.{problem}";
    }

    IEnumerable<string> GuidanceProblems()
    {
        if (GuidanceScale is not (>= 0 and <= 100))
            yield return $"guidanceScale: a number from 0 to 100 was expected, found {GuidanceScale}";
        if (GuidanceScale == 1 && (NegativePrompt.Length > 0 || NegativePromptIds.Count > 0))
            yield return "negativePrompt: a guidanceScale other than 1 was expected beside it";
        if (NegativePrompt.Length > 0 && NegativePromptIds.Count > 0)
            yield return "negativePrompt, negativePromptIds: one of both was expected";
    }
}
