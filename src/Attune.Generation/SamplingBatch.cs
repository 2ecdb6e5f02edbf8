namespace Attune.Generation;

/// <summary>A <see cref="SamplingChain"/> for one batch of generation, with the filters' state for each row.</summary>
public sealed class SamplingBatch : IDisposable
{
    readonly IReadOnlyList<ILogitsFilter> owned;

    internal SamplingBatch(SamplingChain chain, IReadOnlyList<ILogitsFilter> owned) => (Chain, this.owned) = (chain, owned);

    /// <summary>The chain of this batch.</summary>
    public SamplingChain Chain { get; }

    /// <summary>Whether filters have state for each row, so that rows cannot join the batch later.</summary>
    public bool HasRowState => owned.Count > 0;

    /// <inheritdoc cref="ILogitsFilter.Select"/>
    public void Select(long[] rows)
    {
        foreach (var filter in Chain.RowFilters)
            filter.Select(rows);
    }

    /// <summary>Disposes the filters that were created for this batch.</summary>
    public void Dispose()
    {
        foreach (var filter in owned)
            (filter as IDisposable)?.Dispose();
    }
}
