using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// The filters of sampling in their order: penalties, other filters, temperature and truncation. The sampler and the evaluation of given
/// responses both apply it, so that a token has the log-probability that it was drawn with, and the first importance ratio is 1.
/// </summary>
public sealed class SamplingChain : IDisposable
{
    readonly SamplingOptions options;
    readonly ILogitsFilter[] penalties;
    readonly ILogitsFilter[] filters;
    readonly ILogitsFilter[] shaping;                              // temperature and truncation
    readonly List<IDisposable> owned = [];                         // made for this batch

    /// <param name="options">Which filters there are.</param>
    /// <param name="eosIds">The tokens that end an answer.</param>
    /// <param name="filters">Further filters: they come after the penalties and before temperature.</param>
    public SamplingChain(SamplingOptions options, IReadOnlyList<int> eosIds, IReadOnlyList<ILogitsFilter>? filters = null)
    {
        this.options = options;
        this.filters = [.. filters ?? []];
        penalties = [.. options.Penalties(eosIds)];
        shaping = [.. options.Shaping()];
    }

    SamplingChain(SamplingChain chain, IReadOnlyList<TokenHistory> rows)
    {
        (options, shaping) = (chain.options, chain.shaping);
        penalties = Array.ConvertAll(chain.penalties, Begin);
        filters = Array.ConvertAll(chain.filters, Begin);

        ILogitsFilter Begin(ILogitsFilter filter)
        {
            var begun = filter.Begin(rows);
            if (begun != filter && begun is IDisposable disposable)
                owned.Add(disposable);
            return begun;
        }
    }

    /// <summary>Whether the likeliest token is taken, not drawn.</summary>
    public bool IsGreedy => options.Temperature == 0;

    /// <summary>Whether a filter looks at what the rows hold; otherwise the context may be without rows.</summary>
    public bool NeedsHistory => penalties.Length + filters.Length > 0;

    /// <summary>Whether logits are changed by no more than a factor, so that a caller may overwrite the result.</summary>
    public bool OnlyScales => !NeedsHistory && options.IsUntruncated;

    /// <summary>The chain for a batch of generation, which is disposed at the batch's end. See <see cref="ILogitsFilter.Begin"/>.</summary>
    public SamplingChain Begin(IReadOnlyList<TokenHistory> rows) => new(this, rows);

    /// <inheritdoc cref="ILogitsFilter.Select"/>
    public void Select(long[] rows)
    {
        foreach (var filter in penalties.Concat(filters))
            filter.Select(rows);
    }

    /// <summary>(B, V) logits → (B, V) as tokens are drawn from: −∞ where one cannot be.</summary>
    public Tensor Apply(Tensor logits, LogitsContext context) =>
        Apply(shaping, Apply(filters, Apply(penalties, logits, context), context), context);

    /// <summary>
    /// The same for tokens (B) that were drawn: one that the filters would now remove keeps its tempered logit, so that a token that has
    /// left the nucleus since can still be learned from.
    /// </summary>
    public Tensor Apply(Tensor logits, LogitsContext context, Tensor drawnTokens)
    {
        logits = Apply(penalties, logits, context);
        if (filters.Length == 0 && options.IsUntruncated)
            return Apply(shaping, logits, context);
        var tokens = drawnTokens.Unsqueeze(1);                                                      // (B, 1)
        var tempered = logits.Gather(1, tokens) * (IsGreedy ? 1 : 1 / options.Temperature);
        logits = Apply(shaping, Apply(filters, logits, context), context);
        var kept = logits.Gather(1, tokens);
        Tensor[] places = [Tensor.Arange(0, tokens.Size(0), device: logits.Device), drawnTokens];
        return logits.Put(Tensor.Where(kept.IsFinite(), kept, tempered).Squeeze(1), places);
    }

    /// <summary>Frees what the filters keep for the batch.</summary>
    public void Dispose()
    {
        foreach (var disposable in owned)
            disposable.Dispose();
        owned.Clear();
    }

    static Tensor Apply(ILogitsFilter[] filters, Tensor logits, LogitsContext context) =>
        filters.Aggregate(logits, (changed, filter) => filter.Apply(changed, context));
}
