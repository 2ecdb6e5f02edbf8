using Attune.Torch;

namespace Attune.Training.Estimation;

/// <summary>Estimators of KL(π ‖ π_ref) at a token that was sampled from π. Schulman 2020, http://joschu.net/blog/kl-approx.html</summary>
public enum KlEstimator
{
    /// <summary>log π − log π_ref: unbiased, may be negative.</summary>
    K1,

    /// <summary>|log π − log π_ref|: biased, never negative.</summary>
    Abs,

    /// <summary>½ (log π − log π_ref)²: biased, never negative.</summary>
    K2,

    /// <summary>π_ref/π − 1 − log(π_ref/π): unbiased, never negative.</summary>
    K3,

    /// <summary>Σ π (log π − log π_ref) over the vocabulary: the exact KL of the token's distribution.</summary>
    Full,
}

/// <summary>The divergence of a policy from its reference, token by token.</summary>
public static class Kl
{
    const double MinLogprob = -1e30;

    /// <summary>The estimate at each token, in nats, from log-probabilities of the same tokens.</summary>
    public static Tensor Estimate(Tensor logprobs, Tensor refLogprobs, KlEstimator estimator)
    {
        var difference = logprobs - refLogprobs;
        return estimator switch
        {
            KlEstimator.K1 => difference,
            KlEstimator.Abs => difference.Abs(),
            KlEstimator.K2 => difference.Square() * 0.5,
            KlEstimator.K3 => (-difference).Exp() - 1 + difference,
            _ => throw new ArgumentException("this estimator needs whole distributions; use Kl.Full", nameof(estimator)),
        };
    }

    /// <summary>Σ π (log π − log π_ref): log-probabilities (…, V) of every token → (…) nats.</summary>
    public static Tensor Full(Tensor logprobs, Tensor refLogprobs)
    {
        var logRatio = logprobs.Clamp(MinLogprob, null) - refLogprobs.Clamp(MinLogprob, null);          // 0 · (−∞ + ∞) must be 0
        return (logprobs.Exp() * logRatio).Sum(-1);
    }
}
