using Attune.Torch;

namespace Attune.Training.Estimation;

/// <summary>How a loss is corrected for responses that another distribution sampled.</summary>
public enum ImportanceCorrection
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>Each token by min(w, max): truncated importance sampling.</summary>
    TruncatedToken,

    /// <summary>Each response by min(Π w, max).</summary>
    TruncatedSequence,

    /// <summary>Each token by w, or by 0 where w is outside of the limits (IcePop).</summary>
    Icepop,

    /// <summary>Each response by Π w, or by 0 where it is outside of the limits.</summary>
    MaskedSequence,
}

/// <summary>
/// Weights of importance sampling, w = π / μ for tokens that μ sampled. Truncation: Ionides 2008,
/// https://doi.org/10.1198/106186008X320456; masking of tokens: Ling Team 2025 (IcePop), https://arxiv.org/abs/2510.18855
/// </summary>
public static class ImportanceWeights
{
    /// <summary>(B, T) weights, the same at all tokens of a response where they are of responses; null for none.</summary>
    /// <param name="logRatio">(B, T): log π − log μ, 0 at padding.</param>
    /// <param name="correction">Of tokens or responses, truncated or masked.</param>
    /// <param name="min">The lower limit of weights that are kept; null for none.</param>
    /// <param name="max">The upper limit.</param>
    public static Tensor? From(Tensor logRatio, ImportanceCorrection correction, double? min, double max)
    {
        if (correction == ImportanceCorrection.None)
            return null;
        var isOfResponses = correction is ImportanceCorrection.TruncatedSequence or ImportanceCorrection.MaskedSequence;
        var weights = isOfResponses ? logRatio.Sum(1, keepDim: true).Exp() + logRatio.ZerosLike() : logRatio.Exp();
        if (correction is ImportanceCorrection.TruncatedToken or ImportanceCorrection.TruncatedSequence)
            return weights.Clamp(null, max);
        var isOutside = weights > max;
        if (min is { } least)
            isOutside |= weights < least;
        return weights.MaskedFill(isOutside, 0);
    }

    /// <summary>(B, T): KL(μ ‖ π) of each token by k3, w − 1 − log w for tokens that μ sampled.</summary>
    public static Tensor Divergence(Tensor logRatio) => Kl.Estimate(logRatio.ZerosLike(), logRatio, KlEstimator.K3);
}
