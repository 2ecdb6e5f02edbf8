using Attune.Torch;

namespace Attune.Training.Estimation;

/// <summary>Losses of a predicted distribution against the token that came.</summary>
public static class CrossEntropy
{
    /// <summary>−log p of each target, mixed with the mean over all tokens by the smoothing ε. Szegedy et al. 2016, section 7,
    /// https://arxiv.org/abs/1512.00567</summary>
    /// <param name="logits">(N, V)</param>
    /// <param name="targets">(N) int64</param>
    /// <param name="labelSmoothing">ε</param>
    /// <returns>(N) nats.</returns>
    public static Tensor PerToken(Tensor logits, Tensor targets, double labelSmoothing = 0)
    {
        var logprobs = logits.To(DType.Float32).LogSoftmax(-1);
        var loss = -logprobs.Gather(1, targets.Unsqueeze(1)).Squeeze(1);
        return labelSmoothing == 0 ? loss : loss * (1 - labelSmoothing) - logprobs.Mean(-1) * labelSmoothing;
    }

    /// <summary>The same without smoothing, in the memory of the logits: they are used up.</summary>
    public static Tensor PerTokenInPlace(Tensor logits, Tensor targets) =>
        logits.DType == DType.Float32 && Tensor.TokenLogprobs(logits, targets) is var (logprobs, _, _) ? -logprobs : PerToken(logits, targets);

    /// <summary>The loss of training: with smoothing or without, with the logits used up.</summary>
    public static Tensor Smoothed(Tensor logits, Tensor targets, double labelSmoothing) =>
        labelSmoothing == 0 ? PerTokenInPlace(logits, targets) : PerToken(logits, targets, labelSmoothing);

    /// <summary>−sg(p) log p: dynamic fine-tuning, which trusts unlikely targets less. Wu et al. 2025, eq. 9, https://arxiv.org/abs/2508.05629</summary>
    public static Tensor Dynamic(Tensor logits, Tensor targets)
    {
        var loss = PerToken(logits, targets);
        return loss * (-loss.Detach()).Exp();
    }

    /// <summary>−Σ p log p of each distribution: (…, V) logits → (…) nats.</summary>
    public static Tensor Entropy(Tensor logits)
    {
        var logprobs = logits.To(DType.Float32).LogSoftmax(-1);
        return -(logprobs.Exp() * logprobs.Clamp(-1e30, null)).Sum(-1);                                // 0 times −∞ is to be 0
    }
}
