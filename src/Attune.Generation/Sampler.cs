using Attune.Torch;

namespace Attune.Generation;

/// <summary>Samples tokens and returns their log-probabilities under the distribution from which they were sampled.</summary>
/// <param name="chain">The filters.</param>
/// <param name="random">Draws the tokens.</param>
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
    /// Selects the first token whose cumulative probability exceeds a uniform number: one number for each row, where sampling by
    /// exponentials needs one for each element. Computed in float64, so that the last tokens keep their probability.
    /// </summary>
    static Tensor DrawByInverse(Tensor logprobs, Tensor uniform)
    {
        var cumulative = logprobs.To(DType.Float64).Exp().CumSum(-1);                        // (B, V)
        var passed = cumulative.LessOrEqual(uniform * cumulative.Slice(-1, -1));
        return passed.To(DType.Int64).Sum(-1).Clamp(null, logprobs.Size(1) - 1);
    }
}
