using Attune.Torch;

namespace Attune.Training.Estimation;

/// <summary>Estimates of KL(π ‖ π_ref) from tokens sampled from π. Schulman 2020, http://joschu.net/blog/kl-approx.html</summary>
public enum KlEstimator
{
    /// <summary>log π − log π_ref: unbiased, may be negative.</summary>
    K1,

    /// <summary>½ (log π − log π_ref)²: biased, never negative.</summary>
    K2,

    /// <summary>π_ref/π − 1 − log(π_ref/π): unbiased, never negative.</summary>
    K3,
}

/// <summary>The divergence of a policy from its reference, token by token.</summary>
public static class Kl
{
    /// <summary>Nats at each token, for log-probabilities of the same tokens.</summary>
    public static Tensor Estimate(Tensor logprobs, Tensor refLogprobs, KlEstimator estimator)
    {
        var difference = logprobs - refLogprobs;
        return estimator switch
        {
            KlEstimator.K1 => difference,
            KlEstimator.K2 => difference.Square() * 0.5,
            _ => (-difference).Exp() - 1 + difference,
        };
    }
}
