using System.ComponentModel.DataAnnotations;
using Attune.Training.Parameters;

namespace Attune.Training.Policies;

/// <summary>The kinds of references.</summary>
public enum ReferenceKind
{
    /// <summary>
    /// The initial policy, in memory: the model itself with its adapter off, or a copy that shares all frozen parameters and, where whole
    /// lower layers are frozen, their activations.
    /// </summary>
    Kept,

    /// <summary>
    /// The initial policy. On fixed data it computes all log-probabilities once, before training; they are saved in the run folder. Where
    /// responses are sampled, it is loaded again for every step, and is not in memory during updates.
    /// </summary>
    Precomputed,

    /// <summary>A copy that is synchronised with the policy. Gorbatovski et al. 2024, https://arxiv.org/abs/2404.09656</summary>
    Synchronised,
}

/// <summary>The reference that KL is measured from.</summary>
public sealed record ReferenceOptions
{
    /// <summary>kept (in memory), precomputed (not in memory during updates) or synchronised (moved towards the policy).</summary>
    public ReferenceKind Kind { get; init; }

    /// <summary>Steps between two updates of a synchronised reference.</summary>
    [Range(1, double.PositiveInfinity)]
    public int SyncEvery { get; init; } = 1;

    /// <summary>α, the weight of the policy in each update: 1 copies it; a small value gives a moving average.</summary>
    [Range(0d, 1d, MinimumIsExclusive = true)]
    public double SyncRate { get; init; } = 0.01;

    /// <summary>The rules of the section <c>reference</c> of a recipe.</summary>
    /// <param name="parameters">Which parameters the recipe trains.</param>
    internal IEnumerable<ValidationResult> Validate(ParameterOptions parameters)
    {
        if (Kind == ReferenceKind.Synchronised && parameters.Lora.Rank > 0)
            yield return new(
                "must be kept or precomputed with an adapter: the reference is the model with the adapter off", ["Reference.Kind"]);
    }
}
