using Attune.Torch.Interop;

namespace Attune.Torch;

/// <summary>
/// What native/kernels.cpp does in one pass over memory where operators make several: for float32 on a CPU. Each gives null, or false,
/// and has done nothing, where it does not fit: on another device, for another type, or a layout that it does not know.
/// </summary>
public sealed partial class Tensor
{
    /// <summary>softmax(q kᵀ · scale + bias) v: q (B, H, T, D), k and v (B, K, S, D), bias (B or 1, 1, T or 1, S) → (B, T, H · D).</summary>
    public static Tensor? Attend(Tensor q, Tensor k, Tensor v, Tensor attentionMask, double scale)
    {
        Native.Check(Native.attune_attention(q.Handle, k.Handle, v.Handle, attentionMask.Handle, scale, out var result));
        return result == 0 ? null : new(result);
    }

    /// <summary>
    /// From logits (N, V), whose memory it uses up, and targets (N): the log-probability of each, and without gradients the entropy
    /// in nats and 1 where no token is likelier.
    /// </summary>
    public static unsafe (Tensor Logprobs, Tensor Entropy, Tensor Likeliest)? TokenLogprobs(Tensor logits, Tensor targets)
    {
        var results = stackalloc nint[3];
        Native.Check(Native.attune_token_logprobs(logits.Handle, targets.Handle, results));
        return results[0] == 0 ? null : (new(results[0]), new(results[1]), new(results[2]));
    }

    /// <summary>
    /// A token of each row of logits (N, V), the first at which the cumulative distribution passes a number in [0, 1), (N) float64; and
    /// its log-probability.
    /// </summary>
    public static (Tensor Tokens, Tensor Logprobs)? Draw(Tensor logits, Tensor uniform)
    {
        Native.Check(Native.attune_draw(logits.Handle, uniform.Handle, out var tokens, out var logprobs));
        return tokens == 0 ? null : (new(tokens), new(logprobs));
    }

    /// <summary>A step of Adam over this parameter.</summary>
    public unsafe bool AdamInPlace(Tensor gradient, Tensor mean, Tensor square, AdamStep step)
    {
        Native.Check(Native.attune_adam(Handle, gradient.Handle, mean.Handle, square.Handle, (float*)&step, out var done));
        return done != 0;
    }
}

/// <summary>The numbers of a step of Adam: θ ← keep θ − rate m / (deviationScale √v + ε), with g · gradientScale + coupledDecay θ as gradient.</summary>
public readonly record struct AdamStep(
    float GradientScale, float Keep, float CoupledDecay, float Weight1, float Beta2, float Weight2, float Rate, float DeviationScale, float Epsilon);
