using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// The filters of sampling in their order: guidance, penalties, ids without a token, other filters, temperature and truncation,
/// normalisation. Both the sampler and the evaluation of given responses apply it, so that a token keeps the log-probability with which
/// it was sampled, and the first importance ratio is 1. The order is that of transformers 5 (<c>_get_logits_processor</c>).
/// </summary>
public sealed class SamplingChain
{
    readonly SamplingOptions options;
    readonly bool lacksGuidance;
    readonly ILogitsFilter[] penalties;                            // and guidance
    readonly ILogitsFilter[] unused;                               // forbids ids without a token
    readonly ILogitsFilter[] filters;
    readonly ILogitsFilter[] shaping;                              // temperature and truncation
    readonly ILogitsFilter[] normalisation;

    /// <param name="options">The settings that select the filters.</param>
    /// <param name="eosIds">The end-of-sequence tokens.</param>
    /// <param name="filters">Further filters, applied after the penalties and before temperature.</param>
    /// <param name="guidance">The guidance filter, if the options have one; it needs the model, and is applied before all others.</param>
    /// <exception cref="ArgumentException">The options have texts where tokens are needed.</exception>
    public SamplingChain(
        SamplingOptions options, IReadOnlyList<int> eosIds, IReadOnlyList<ILogitsFilter>? filters = null, GuidanceFilter? guidance = null)
    {
        if (options.HasTexts)
            throw new ArgumentException(
                "badWords, sequenceBias and negativePrompt must be token ids; call WithTokens", nameof(options));
        this.options = options;
        this.filters = [.. filters ?? []];
        lacksGuidance = options.GuidanceScale != 1 && guidance is null;
        penalties = Chosen([options.GuidanceScale != 1 ? guidance : null, .. Penalties(options, eosIds), .. Restrictions(options, eosIds)]);
        unused = Chosen([options.UnusedIds.Count > 0 ? new UnusedTokensFilter(options.UnusedIds) : null]);
        shaping = Shaping(options);
        normalisation = Chosen([options.RenormalizeLogits ? new NormalizeFilter() : null]);
    }

    SamplingChain(SamplingChain chain, IReadOnlyList<TokenHistory> rows)
    {
        (options, lacksGuidance, shaping, normalisation) = (chain.options, chain.lacksGuidance, chain.shaping, chain.normalisation);
        penalties = Array.ConvertAll(chain.penalties, filter => filter.Begin(rows));
        unused = Array.ConvertAll(chain.unused, filter => filter.Begin(rows));
        filters = Array.ConvertAll(chain.filters, filter => filter.Begin(rows));
    }

    /// <summary>Whether the most likely token is taken instead of sampling.</summary>
    public bool IsGreedy => options.Temperature == 0;

    /// <summary>Whether a filter needs the tokens of the rows; otherwise the context may be without rows.</summary>
    public bool NeedsHistory => penalties.Length + filters.Length > 0;

    /// <summary>Whether logits are changed by a factor and by −∞ only, so that a caller may overwrite the result.</summary>
    public bool OnlyScales => !NeedsHistory && options is { IsUntruncated: true, RenormalizeLogits: false };

    /// <summary>Whether tokens are sampled from the logits as they are.</summary>
    public bool ChangesNothing => penalties.Length + unused.Length + filters.Length + shaping.Length == 0 && !IsGreedy;

    /// <summary>The filters that may have state for each row.</summary>
    internal IEnumerable<ILogitsFilter> RowFilters => penalties.Concat(unused).Concat(filters);

    /// <summary>The chain for a batch of generation; dispose it at the end of the batch. See <see cref="ILogitsFilter.Begin"/>.</summary>
    public SamplingBatch Begin(IReadOnlyList<TokenHistory> rows)
    {
        var batch = new SamplingChain(this, rows);
        return new(batch, [.. batch.RowFilters.Except(RowFilters, ReferenceEqualityComparer.Instance).OfType<ILogitsFilter>()]);
    }

    /// <summary>(B, V) logits → (B, V) logits of sampling, −∞ for forbidden tokens.</summary>
    public Tensor Apply(Tensor logits, LogitsContext context)
    {
        logits = Apply(filters, Penalize(logits, context), context);
        return Apply(normalisation, Apply(shaping, logits, context), context);
    }

    /// <summary>
    /// The same for given tokens (B): a token that the filters would remove keeps its tempered logit, so that tokens which have left
    /// the nucleus since they were sampled still have a gradient.
    /// </summary>
    public Tensor Apply(Tensor logits, LogitsContext context, Tensor drawnTokens)
    {
        logits = Penalize(logits, context);
        if (filters.Length == 0 && options.IsUntruncated)
            return Apply(normalisation, Apply(shaping, logits, context), context);
        var tokens = drawnTokens.Unsqueeze(1);                                                      // (B, 1)
        var tempered = logits.Gather(1, tokens) * (IsGreedy ? 1 : 1 / options.Temperature);
        logits = Apply(shaping, Apply(filters, logits, context), context);
        var filtered = logits.Gather(1, tokens);
        Tensor[] indices = [Tensor.Arange(0, tokens.Size(0), device: logits.Device), drawnTokens];
        return Apply(normalisation, logits.IndexPut(Tensor.Where(filtered.IsFinite(), filtered, tempered).Squeeze(1), indices), context);
    }

    /// <summary>(B, V) logits → (B, V) log-probabilities after penalties, filters and temperature, before truncation.</summary>
    public Tensor TemperedLogprobs(Tensor logits, LogitsContext context)
    {
        logits = Apply(filters, Penalize(logits, context), context);
        return (IsGreedy ? logits : logits * (1 / options.Temperature)).LogSoftmax(-1);
    }

    Tensor Penalize(Tensor logits, LogitsContext context) => lacksGuidance
        ? throw new InvalidOperationException("guidanceScale must be 1 where responses are evaluated: guidance works in generation only")
        : Apply(unused, Apply(penalties, logits, context), context);

    static Tensor Apply(ILogitsFilter[] filters, Tensor logits, LogitsContext context) =>
        filters.Aggregate(logits, (changed, filter) => filter.Apply(changed, context));

    /// <summary>Filters that depend on the tokens of a row.</summary>
    static ILogitsFilter?[] Penalties(SamplingOptions options, IReadOnlyList<int> eosIds) =>
    [
        options.SequenceBias.Count > 0
            ? new SequenceBiasFilter([.. options.SequenceBias.Select(bias => (bias.Tokens.ToArray(), bias.Bias))])
            : null,
        options.RepetitionPenalty != 1 ? new RepetitionPenaltyFilter(options.RepetitionPenalty) : null,
        options.FrequencyPenalty != 0 || options.PresencePenalty != 0
            ? new FrequencyPenaltyFilter(options.FrequencyPenalty, options.PresencePenalty)
            : null,
        options.NoRepeatNgramSize > 0 ? new NoRepeatNGramFilter(options.NoRepeatNgramSize) : null,
        options.BadWordsIds.Count > 0 ? SequenceBiasFilter.BadWords(options.BadWordsIds.Select(word => word.ToArray()), [.. eosIds]) : null,
        options.MinNewTokens > 0 ? new MinNewTokensFilter(options.MinNewTokens, eosIds) : null,
    ];

    /// <summary>Filters that force or forbid tokens at positions of a response.</summary>
    static ILogitsFilter?[] Restrictions(SamplingOptions options, IReadOnlyList<int> eosIds) =>
    [
        options.ForcedBosTokenId is { } first ? new ForcedTokenFilter([first], position: 0) : null,
        options.ForcedEosTokenId is { } last ? new ForcedTokenFilter([last], options.MaxNewTokens - 1) : null,
        options.RemoveInvalidValues ? new FiniteFilter() : null,
        options.ExponentialDecayLengthPenalty is { Factor: not 1, Start: var start, Factor: var factor }
            ? new LengthDecayFilter(start, factor, eosIds)
            : null,
        options.SuppressTokens.Count > 0 ? new SuppressTokensFilter(options.SuppressTokens) : null,
        options.BeginSuppressTokens.Count > 0
            ? new SuppressTokensFilter(options.BeginSuppressTokens, position: options.ForcedBosTokenId is null ? 0 : 1)
            : null,
    ];

    static ILogitsFilter[] Shaping(SamplingOptions options) => Chosen(
    [
        options.Temperature is not 0 and not 1 ? new TemperatureFilter(options.Temperature) : null,
        options.TopH > 0 ? new TopHFilter(options.TopH) : null,
        options.TopK > 0 ? new TopKFilter(options.TopK) : null,
        options.TopP < 1 ? new TopPFilter(options.TopP) : null,
        options.MinP > 0 ? new MinPFilter(options.MinP) : null,
        options.TypicalP < 1 ? new TypicalFilter(options.TypicalP) : null,
        options.EpsilonCutoff > 0 ? new CutoffFilter(options.EpsilonCutoff) : null,
        options.EtaCutoff > 0 ? new CutoffFilter(options.EtaCutoff, adaptive: true) : null,
    ]);

    static ILogitsFilter[] Chosen(IEnumerable<ILogitsFilter?> filters) => [.. filters.OfType<ILogitsFilter>()];
}
