namespace Attune.Generation.Scheduling;

/// <summary>What rows that are sampled together have in common.</summary>
sealed class SamplingGroup : IEquatable<SamplingGroup>
{
    readonly int hash;

    /// <param name="request">The request of a row.</param>
    /// <param name="eosIds">The tokens that end its response.</param>
    public SamplingGroup(TokenRequest request, IReadOnlyList<int> eosIds)
    {
        // The length of a response matters to sampling only if its last token is forced.
        Options = request.Options.ForcedEosTokenId is null
            ? request.Options with { MaxNewTokens = int.MaxValue, Stop = [] }
            : request.Options;
        (Filters, EosIds, TemperedLogprobs) = (request.Filters, eosIds, request is { TopLogprobs: not null, TemperedLogprobs: true });
        hash = HashCode.Combine(Options, Filters, TemperedLogprobs);
    }

    public SamplingOptions Options { get; }

    public IReadOnlyList<ILogitsFilter> Filters { get; }

    public IReadOnlyList<int> EosIds { get; }

    public bool TemperedLogprobs { get; }

    public bool Equals(SamplingGroup? other) => ReferenceEquals(this, other)
        || (other is not null && hash == other.hash && TemperedLogprobs == other.TemperedLogprobs && Options == other.Options
            && ReferenceEquals(Filters, other.Filters) && EosIds.SequenceEqual(other.EosIds));

    public override bool Equals(object? obj) => Equals(obj as SamplingGroup);

    public override int GetHashCode() => hash;
}
