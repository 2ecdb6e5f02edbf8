using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Algorithms;

/// <summary>Options of PPO.</summary>
public sealed record PpoOptions : ActorCriticOptions, IValidatableObject
{
    /// <summary>ε: how far the probability ratio of a token may move from 1 before its gradient is cut off.</summary>
    [Range(0, double.PositiveInfinity, MinimumIsExclusive = true)]
    public double ClipRange { get; init; } = 0.2;

    /// <summary>
    /// What clipRange limits: none, the ratio; binaryTv, the change of the token's probability; or binaryKl, the KL of taking the token or
    /// not (DPPO). Beyond the limit a token has no gradient.
    /// </summary>
    public DivergenceType DivergenceType { get; init; }

    /// <summary>
    /// The largest weight of a token with a negative advantage, as a multiple of that advantage, however likely it has become; 0 for no
    /// limit, 3 is usual.
    /// </summary>
    public double DualClip { get; init; }

    /// <summary>How far a value may move from the one estimated when the response was sampled; 0 for no limit.</summary>
    [Range(0, double.PositiveInfinity)]
    public double ValueClipRange { get; init; } = 0.2;

    /// <summary>
    /// Early stopping: once policy/approx_kl of an update is above 1.5 times this, the remaining updates of the step are skipped; 0 for
    /// none.
    /// </summary>
    [Range(0, double.PositiveInfinity)]
    public double TargetKl { get; init; }

    /// <summary>An update whose mean ratio is above this is skipped; 0 for no limit.</summary>
    [Range(0, double.PositiveInfinity)]
    public double RatioThreshold { get; init; }

    /// <summary>Limits for the tokens that reduce the entropy most.</summary>
    public CovarianceOptions Covariance { get; init; } = new();

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (DualClip is not 0 and not > 1)
            yield return new("must be 0 (off) or above 1", [nameof(DualClip)]);
        if (DualClip > 0 && DivergenceType != DivergenceType.None)
            yield return new("must be 0 with divergenceType binaryTv or binaryKl, which do not clip ratios", [nameof(DualClip)]);
    }
}
