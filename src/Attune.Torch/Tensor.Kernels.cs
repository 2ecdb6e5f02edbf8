using Attune.Torch.Interop;

namespace Attune.Torch;

/// <summary>
/// The fused kernels of native/, for a CPU: one pass over memory where operators need several. Each returns
/// null or false, and has no effect, for another device, type or layout.
/// </summary>
public sealed partial class Tensor
{
    /// <summary>
    /// softmax(q kᵀ · scale + bias) v: q (B, H, T, D), k and v (B, K, S, D), bias (B or 1, 1, T or 1, S) → (B, T, H · D).
    /// </summary>
    public static Tensor? Attend(Tensor q, Tensor k, Tensor v, Tensor attentionMask, double scale)
    {
        Native.Check(Native.attune_attention(q.DataHandle, k.DataHandle, v.DataHandle, attentionMask.DataHandle, scale, out var result));
        return result == 0 ? null : new(result);
    }

    /// <summary>Applies an activation to a contiguous tensor.</summary>
    public Tensor? Activate(SigmoidActivation activation)
    {
        Native.Check(Native.attune_activation(DataHandle, activation.Linear, activation.Cubic, out var result));
        return result == 0 ? null : new(result);
    }

    /// <summary>The activation of this tensor (…, F), multiplied by another (…, F), as in gated MLPs.</summary>
    public Tensor? Gate(Tensor up, SigmoidActivation activation)
    {
        Native.Check(Native.attune_gated(DataHandle, up.DataHandle, activation.Linear, activation.Cubic, out var result));
        return result == 0 ? null : new(result);
    }

    /// <summary>
    /// The layer norm over the last dimension, or without a bias the RMS norm, times (<paramref name="weight"/> + offset), in a type that
    /// may differ from this tensor's. Computes in float32.
    /// </summary>
    public Tensor? Norm(Tensor weight, Tensor? bias, double epsilon, double offset, DType dtype)
    {
        Native.Check(Native.attune_norm(DataHandle, weight.DataHandle, bias?.DataHandle ?? 0, epsilon, offset, (int)dtype, out var result));
        return result == 0 ? null : new(result);
    }

    /// <summary>
    /// From logits (N, V), which are overwritten, and targets (N): the log-probability of each target. Without gradients also the
    /// entropy in nats, and 1 where the target is the most likely token. The results are float32.
    /// </summary>
    public static unsafe (Tensor Logprobs, Tensor Entropy, Tensor Likeliest)? TokenLogprobs(Tensor logits, Tensor targets)
    {
        var results = stackalloc nint[3];
        Native.Check(Native.attune_token_logprobs(logits.DataHandle, targets.DataHandle, results));
        return results[0] == 0 ? null : (new(results[0]), new(results[1]), new(results[2]));
    }

    /// <summary>
    /// Samples one token for each row of logits (N, V): the first whose cumulative probability exceeds a number in [0, 1), (N) float64.
    /// Also returns its log-probability.
    /// </summary>
    public static (Tensor Tokens, Tensor Logprobs)? Draw(Tensor logits, Tensor uniform)
    {
        Native.Check(Native.attune_draw(logits.DataHandle, uniform.DataHandle, out var tokens, out var logprobs));
        return tokens == 0 ? null : (new(tokens), new(logprobs));
    }

    /// <summary>One step of Adam on this parameter.</summary>
    public unsafe bool AdamInPlace(Tensor gradient, Tensor mean, Tensor square, AdamStep step)
    {
        Native.Check(Native.attune_adam(DataHandle, gradient.DataHandle, mean.DataHandle, square.DataHandle, (float*)&step, out var done));
        return done != 0;
    }
}

/// <summary>x σ(x (linear + cubic x²)): SiLU, and GELU's tanh approximation.</summary>
public readonly record struct SigmoidActivation(double Linear, double Cubic = 0)
{
    public static SigmoidActivation Silu => new(1);

    public static SigmoidActivation QuickGelu => new(1.702);

    /// <summary>½ x (1 + tanh u) is x σ(2u), with u = √(2/π) (x + 0.044715 x³).</summary>
    public static SigmoidActivation GeluTanh { get; } = new(2 * Math.Sqrt(2 / Math.PI), 2 * Math.Sqrt(2 / Math.PI) * 0.044715);
}

/// <summary>
/// The coefficients of a step of Adam: θ ← keep θ − rate m / (deviationScale √v + ε), with the gradient g · gradientScale +
/// coupledDecay θ.
/// </summary>
public readonly record struct AdamStep(
    float GradientScale, float Keep, float CoupledDecay, float Weight1, float Beta2, float Weight2, float Rate, float DeviationScale,
    float Epsilon);
