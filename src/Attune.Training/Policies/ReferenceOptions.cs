using Attune.Training.Parameters;

namespace Attune.Training.Policies;

/// <summary>What KL is measured from.</summary>
public enum ReferenceKind
{
    /// <summary>
    /// The policy as it was, in memory: the model itself with its adapter off, or a copy that shares all that is not trained and,
    /// where that is whole lower layers, what they compute.
    /// </summary>
    Kept,

    /// <summary>
    /// The policy as it was, read again for every step: log-probabilities are computed when the answers are there, and no copy stays in
    /// memory while the policy learns.
    /// </summary>
    Precomputed,

    /// <summary>A copy that follows the policy slowly. Gorbatovski et al. 2024, https://arxiv.org/abs/2404.09656</summary>
    Synchronised,
}

/// <summary>The reference that KL is measured from.</summary>
public sealed record ReferenceOptions
{
    /// <summary>kept (in memory), precomputed (read again for every step) or synchronised (follows the policy).</summary>
    public ReferenceKind Kind { get; init; }

    /// <summary>Steps between two moves of a synchronised reference.</summary>
    public int SyncEvery { get; init; } = 1;

    /// <summary>The share of the policy in each move: 1 copies it, a small one is a moving average.</summary>
    public double SyncRate { get; init; } = 0.01;

    /// <summary>What is wrong with the values.</summary>
    public IEnumerable<string> Problems(ParameterOptions parameters)
    {
        if (SyncEvery < 1)
            yield return $"syncEvery: a number of at least 1 was expected, found {SyncEvery}";
        if (SyncRate is not (> 0 and <= 1))
            yield return $"syncRate: a share above 0 and at most 1 was expected, found {SyncRate}";
        if (Kind != ReferenceKind.Kept && parameters.Lora.Rank > 0)
            yield return $"kind: kept was expected with an adapter, found {Kind.ToString().ToLowerInvariant()}: the reference is the model with the adapter off";
    }
}
