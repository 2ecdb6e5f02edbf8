using System.ComponentModel.DataAnnotations;
using Attune.Training.Estimation;

namespace Attune.Training.Algorithms;

/// <summary>The losses of GRPO: a policy loss, and what it is the mean of. r is the ratio, A the advantage.</summary>
public enum GrpoLoss
{
    /// <summary>max(−A r, −A clip(r)), the mean over all tokens of a step.</summary>
    Dapo,

    /// <summary>The same, the mean of each response first.</summary>
    Grpo,

    /// <summary>The same, the mean over all tokens of an update.</summary>
    Bnpo,

    /// <summary>The same, the sum of each response divided by sampling.maxNewTokens.</summary>
    DrGrpo,

    /// <summary>The same, the sum of each response; for importanceSamplingLevel sequence.</summary>
    Luspo,

    /// <summary>−sg(min(r, 1 + clipHigh)) A log π, the mean over all tokens of a step.</summary>
    Cispo,

    /// <summary>−A (4 / τ) σ(τ (r − 1)), the mean of each response first.</summary>
    Sapo,

    /// <summary>−sg(φ(w)) A log π with the product w of a response's ratios, the mean over all tokens of a step.</summary>
    Vespo,

    /// <summary>−A times the geometric mean of a response's clipped ratios.</summary>
    Gmpo,
}

/// <summary>How several rewards become one advantage.</summary>
public enum RewardAggregation
{
    /// <summary>They are added with their weights; the sum is normalised.</summary>
    SumThenNormalize,

    /// <summary>Each is normalised in its group; then they are added with their weights, and normalised over the step (GDPO).</summary>
    NormalizeThenSum,
}

/// <summary>Options of GRPO.</summary>
public sealed record GrpoOptions : EntropyOptions, IValidatableObject
{
    /// <summary>
    /// The policy loss and what it is the mean of: dapo, grpo, bnpo, drGrpo and luspo clip; cispo, sapo, vespo and gmpo weight tokens in
    /// other ways. See docs/algorithms/grpo.md.
    /// </summary>
    public GrpoLoss Loss { get; init; }

    /// <summary>
    /// ε_low: how far a ratio may fall below 1 before its gradient is cut off. gmpo limits the log-ratio; cispo, sapo and vespo do not use
    /// it.
    /// </summary>
    [Range(0d, 1d)]
    public double ClipLow { get; init; } = 0.2;

    /// <summary>ε_high: how far it may rise above 1. Values above clipLow keep rare tokens alive (DAPO: 0.28).</summary>
    [Range(0, double.PositiveInfinity)]
    public double ClipHigh { get; init; } = 0.2;

    /// <summary>
    /// What clipLow and clipHigh limit in the losses that clip: none, the ratio; binaryTv, the change of the token's probability; or
    /// binaryKl, the KL of taking the token or not (DPPO). Beyond the limit a token has no gradient.
    /// </summary>
    public DivergenceType DivergenceType { get; init; }

    /// <summary>δ: the largest ratio of a token with a negative advantage, which has no limit otherwise; 0 for none.</summary>
    [Range(0, double.PositiveInfinity)]
    public double Delta { get; init; }

    /// <summary>
    /// What a ratio is of: token; sequence, the geometric mean of a response's ratios (GSPO); sequenceToken, which is the same with a
    /// gradient for each token; or product, the product of a response's ratios.
    /// </summary>
    public RatioLevel ImportanceSamplingLevel { get; init; }

    /// <summary>What advantages are divided by: the standard deviation of their group, of the batch, or none (Dr. GRPO).</summary>
    public RewardScale ScaleRewards { get; init; }

    /// <summary>
    /// sumThenNormalize; or normalizeThenSum, which gives each reward the same influence, whatever its scale (GDPO). For several rewards.
    /// </summary>
    public RewardAggregation MultiObjectiveAggregation { get; init; }

    /// <summary>Whether responses that were cut off at sampling.maxNewTokens are left out of the loss.</summary>
    public bool MaskTruncated { get; init; }

    /// <summary>The share of tokens, those with the highest entropy, whose policy loss counts: 0.2 in Wang et al. 2025.</summary>
    [Range(0d, 1d, MinimumIsExclusive = true)]
    public double TopEntropyQuantile { get; init; } = 1;

    /// <summary>
    /// Responses with a negative advantage are left out of an update once the mean of −log r of their tokens is above this; null for no
    /// limit.
    /// </summary>
    [Range(0, double.PositiveInfinity)]
    public double? OffPolicyMaskThreshold { get; init; }

    /// <summary>Limits for the tokens that reduce the entropy most.</summary>
    public CovarianceOptions Covariance { get; init; } = new();

    /// <summary>Whether the KL in the loss is multiplied by the ratio, so that it is that of the present policy in later epochs.</summary>
    public bool UseBiasCorrectionKl { get; init; }

    /// <summary>τ of sapo where the advantage is above 0.</summary>
    [Range(0, double.PositiveInfinity, MinimumIsExclusive = true)]
    public double SapoTemperaturePos { get; init; } = 1;

    /// <summary>τ of sapo elsewhere.</summary>
    [Range(0, double.PositiveInfinity, MinimumIsExclusive = true)]
    public double SapoTemperatureNeg { get; init; } = 1.05;

    /// <summary>k of vespo where the advantage is not negative.</summary>
    [Range(0, double.PositiveInfinity)]
    public double VespoKPos { get; init; } = 2;

    /// <summary>λ of vespo where the advantage is not negative.</summary>
    [Range(0, double.PositiveInfinity)]
    public double VespoLambdaPos { get; init; } = 3;

    /// <summary>k of vespo where the advantage is negative.</summary>
    [Range(0, double.PositiveInfinity)]
    public double VespoKNeg { get; init; } = 3;

    /// <summary>λ of vespo where the advantage is negative.</summary>
    [Range(0, double.PositiveInfinity)]
    public double VespoLambdaNeg { get; init; } = 2;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Delta > 0 && Delta <= 1 + ClipHigh)
            yield return new("must be 0 (off) or above 1 + clipHigh, where the clip begins", [nameof(Delta)]);
        if (Loss is GrpoLoss.Vespo or GrpoLoss.Gmpo && ImportanceSamplingLevel != RatioLevel.Token)
            yield return new("must be token with loss vespo or gmpo, which make the ratio of a response themselves",
                [nameof(ImportanceSamplingLevel)]);
        if (DivergenceType != DivergenceType.None && (Loss is GrpoLoss.Cispo or GrpoLoss.Sapo or GrpoLoss.Vespo or GrpoLoss.Gmpo
            || ImportanceSamplingLevel != RatioLevel.Token || Delta > 0))
            yield return new(
                "must be none unless loss is dapo, grpo, bnpo, drGrpo or luspo, importanceSamplingLevel token and delta 0: it "
                + "replaces their clip", [nameof(DivergenceType)]);
        if (EntropyCoefMin > EntropyCoefMax)
            yield return new("must be at most entropyCoefMax", [nameof(EntropyCoefMin)]);
    }
}
