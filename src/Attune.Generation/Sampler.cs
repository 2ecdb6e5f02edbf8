using Attune.Torch;

namespace Attune.Generation;

/// <summary>Draws tokens and says how likely they were under the distribution they were drawn from.</summary>
/// <param name="chain">Changes the logits.</param>
/// <param name="random">Draws.</param>
public sealed class Sampler(SamplingChain chain, RandomSource random)
{
    /// <summary>(B, V) logits of the next tokens → (B) int64 tokens and (B) log-probabilities.</summary>
    public (Tensor Tokens, Tensor Logprobs) Draw(Tensor logits, LogitsContext context)
    {
        logits = chain.Apply(logits, context);
        var uniform = chain.IsGreedy ? null : Tensor.Uniform([logits.Size(0), 1], random, DType.Float64);
        if (uniform is not null && Tensor.Draw(logits, uniform) is { } drawn)
            return drawn;
        var logprobs = logits.LogSoftmax(-1);                                                       // (B, V)
        var tokens = uniform is null ? logprobs.ArgMax(-1) : DrawByInverse(logprobs, uniform);
        return (tokens, logprobs.Gather(1, tokens.Unsqueeze(1)).Squeeze(1));
    }

    /// <summary>
    /// The first token at which the cumulative distribution passes a uniform number. One number a row, where a draw by exponentials
    /// needs one an element; in float64, so that the last tokens keep their share.
    /// </summary>
    static Tensor DrawByInverse(Tensor logprobs, Tensor uniform)
    {
        var cumulative = logprobs.To(DType.Float64).Exp().CumSum(-1);                        // (B, V)
        var passed = cumulative.LessOrEqual(uniform * cumulative.Slice(-1, -1));
        return passed.To(DType.Int64).Sum(-1).Clamp(null, logprobs.Size(1) - 1);
    }
}
