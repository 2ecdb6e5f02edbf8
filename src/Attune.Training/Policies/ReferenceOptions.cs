using System.ComponentModel.DataAnnotations;

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
    [Range(1, double.PositiveInfinity)]
    public int SyncEvery { get; init; } = 1;

    /// <summary>The share of the policy in each move: 1 copies it, a small one is a moving average.</summary>
    [Range(0d, 1d, MinimumIsExclusive = true)]
    public double SyncRate { get; init; } = 0.01;
}
