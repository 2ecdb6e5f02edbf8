using Attune.Torch;

namespace Attune.Training.Estimation;

/// <summary>Cross-entropy losses of logits and target tokens.</summary>
public static class CrossEntropy
{
    /// <summary>
    /// −log p of each target, mixed with the mean over the vocabulary by label smoothing ε. Szegedy et al. 2016, section 7,
    /// https://arxiv.org/abs/1512.00567
    /// </summary>
    /// <param name="logits">(N, V)</param>
    /// <param name="targets">(N) int64</param>
    /// <param name="labelSmoothing">ε</param>
    /// <returns>(N) losses in nats.</returns>
    public static Tensor PerToken(Tensor logits, Tensor targets, double labelSmoothing = 0)
    {
        var logprobs = logits.To(DType.Float32).LogSoftmax(-1);
        var loss = -logprobs.Gather(1, targets.Unsqueeze(1)).Squeeze(1);
        return labelSmoothing == 0 ? loss : loss * (1 - labelSmoothing) - logprobs.Mean(-1) * labelSmoothing;
    }

    /// <summary><see cref="PerToken"/> without smoothing. Overwrites the logits to save memory.</summary>
    public static Tensor PerTokenInPlace(Tensor logits, Tensor targets) =>
        Tensor.TokenLogprobs(logits, targets) is var (logprobs, _, _)
            ? -logprobs
            : PerToken(logits, targets);

    /// <summary><see cref="PerToken"/> for training. May overwrite the logits.</summary>
    /// <returns>(N) losses, and 1 where the target is the likeliest token: (N).</returns>
    public static (Tensor Losses, Tensor IsCorrect) Smoothed(Tensor logits, Tensor targets, double labelSmoothing) =>
        labelSmoothing == 0 && Tensor.TokenLogprobs(logits, targets) is var (logprobs, _, likeliest)
            ? (-logprobs, likeliest)
            : (PerToken(logits, targets, labelSmoothing), IsCorrect(logits, targets));

    /// <summary>
    /// −sg(p) log p: dynamic fine-tuning, which gives unlikely targets less weight (sg: stop-gradient). Wu et al. 2025, eq. 9,
    /// https://arxiv.org/abs/2508.05629
    /// </summary>
    /// <inheritdoc cref="Smoothed"/>
    public static (Tensor Losses, Tensor IsCorrect) Dynamic(Tensor logits, Tensor targets)
    {
        var loss = PerToken(logits, targets);
        return (loss * (-loss.Detach()).Exp(), IsCorrect(logits, targets));
    }

    static Tensor IsCorrect(Tensor logits, Tensor targets) => logits.Detach().ArgMax(-1).EqualTo(targets).To(DType.Float32);

    /// <summary>log Σ p² of each distribution, without a gradient: (…, V) logits → (…).</summary>
    public static Tensor LogExpectedProbability(Tensor logits) => (logits.Detach().To(DType.Float32).LogSoftmax(-1) * 2).LogSumExp(-1);

    /// <summary>−Σ p log p of each distribution: (…, V) logits → (…) nats.</summary>
    public static Tensor Entropy(Tensor logits)
    {
        var logprobs = logits.To(DType.Float32).LogSoftmax(-1);
        return -(logprobs.Exp() * logprobs.Clamp(-1e30, null)).Sum(-1);                                // 0 · −∞ must be 0
    }
}
