using System.ComponentModel.DataAnnotations;
using Attune.Torch;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;

namespace Attune.Training.Algorithms;

/// <summary>Options of Clip-Cov and KL-Cov.</summary>
public sealed record CovarianceOptions : IValidatableObject
{
    /// <summary>The share of tokens that are left out of the policy loss (Clip-Cov), such as 0.0002; 0 for none.</summary>
    [Range(0d, 1d)]
    public double ClipCovRatio { get; init; }

    /// <summary>Tokens with a covariance above this may be left out.</summary>
    public double ClipCovLb { get; init; } = 1;

    /// <summary>Tokens with a covariance below this may be left out.</summary>
    public double ClipCovUb { get; init; } = 5;

    /// <summary>The share of tokens, those with the highest covariance, with a penalty (KL-Cov), such as 0.002; 0 for none.</summary>
    [Range(0d, 1d)]
    public double KlCovRatio { get; init; }

    /// <summary>The coefficient of that penalty, π / π_old − 1 − log(π / π_old).</summary>
    [Range(0, double.PositiveInfinity)]
    public double KlCovCoef { get; init; } = 1;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (ClipCovLb >= ClipCovUb)
            yield return new("must be below clipCovUb", [nameof(ClipCovLb)]);
    }
}

/// <summary>
/// Clip-Cov and KL-Cov: limits for the tokens that reduce the entropy of the policy most, those whose log-probability and advantage are
/// both above their mean, or both below. Cui et al. 2025, section 4, https://arxiv.org/abs/2505.22617. Departures: (1) the tokens are
/// chosen once, among those of a step, by the log-probabilities that they were sampled with; (2) with KL-Cov, ratios stay clipped; (3) its
/// penalty, KL(π_old ‖ π), is estimated by k3. verl takes |log π − log π_old|, whose gradient in the first update is that of rounding.
/// </summary>
/// <param name="options">Which limits.</param>
/// <param name="random">Draws tokens; null without Clip-Cov.</param>
public sealed class CovarianceLimits(CovarianceOptions options, RandomSource? random)
{
    /// <summary>Chooses the tokens.</summary>
    public Experience Select(Experience experience)
    {
        if (options is { ClipCovRatio: 0, KlCovRatio: 0 })
            return experience;
        var mask = experience.Mask;
        var covariance = Covariance(experience.Rollouts.Logprobs, experience.Advantages, mask);     // (B, T)
        if (options.ClipCovRatio > 0)
        {
            var between = mask & (covariance > options.ClipCovLb) & (covariance < options.ClipCovUb);
            var chances = Tensor.Uniform([mask.ElementCount], random!, DType.Float64).Reshape([.. mask.Shape]).To(mask.Device);
            var drawn = Highest(chances, between, Count(mask, options.ClipCovRatio));
            experience = experience with { PolicyMask = (experience.PolicyMask ?? mask) & !drawn };
        }
        return options.KlCovRatio > 0
            ? experience with { PenaltyMask = Highest(covariance, mask, Count(mask, options.KlCovRatio)) }
            : experience;
    }

    /// <summary>The policy loss of the tokens that count, with the penalty of those that have one.</summary>
    /// <param name="loss">(B, T)</param>
    /// <param name="experience">The chosen tokens.</param>
    /// <param name="logRatio">(B, T): log π − log π_old</param>
    /// <param name="isMasked">Whether the loss already leaves out what does not count.</param>
    public Tensor Apply(Tensor loss, Experience experience, Tensor logRatio, bool isMasked = false)
    {
        if (experience.PolicyMask is { } counts && !isMasked)
            loss *= counts.To(DType.Float32);
        return experience.PenaltyMask is { } penalised
            ? loss + Kl.Estimate(-logRatio, logRatio.ZerosLike(), KlEstimator.K3) * penalised.To(DType.Float32) * options.KlCovCoef
            : loss;
    }

    /// <summary>(log π − mean log π) (A − mean A) of each token (eq. 10).</summary>
    public static Tensor Covariance(Tensor logprobs, Tensor advantages, Tensor mask) =>
        (logprobs - Masked.Mean(logprobs, mask)) * (advantages - Masked.Mean(advantages, mask));

    /// <summary>True at the elements of a mask with the greatest numbers.</summary>
    /// <param name="numbers">Of any shape.</param>
    /// <param name="mask">Bool, of the same shape.</param>
    /// <param name="count">How many, if the mask has so many.</param>
    public static Tensor Highest(Tensor numbers, Tensor mask, int count)
    {
        var isChosen = new bool[mask.ElementCount];
        var eligible = numbers.To(DType.Float64).ToArray<double>().Zip(mask.ToArray<bool>()).Index().Where(row => row.Item.Second);
        foreach (var (index, _) in eligible.OrderByDescending(row => row.Item.First).Take(count))
            isChosen[index] = true;
        return Tensor.From(isChosen, [.. mask.Shape]).To(mask.Device);
    }

    /// <summary>A share of the tokens, rounded down, and at least one.</summary>
    static int Count(Tensor mask, double share) => Math.Max((int)(mask.ToArray<bool>().Count(isToken => isToken) * share), 1);
}
