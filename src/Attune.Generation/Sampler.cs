using Attune.Torch;

namespace Attune.Generation;

/// <summary>Samples tokens and returns their log-probabilities under the distribution from which they were sampled.</summary>
/// <param name="chain">The filters.</param>
public sealed class Sampler(SamplingChain chain)
{
    /// <summary>(B, V) logits of the next tokens → (B) int64 tokens and (B) log-probabilities.</summary>
    /// <param name="logits">(B, V)</param>
    /// <param name="context">What precedes the tokens.</param>
    /// <param name="uniform">(B, 1) float64 numbers in [0, 1), by which tokens are drawn; null where the chain is greedy.</param>
    public (Tensor Tokens, Tensor Logprobs) Draw(Tensor logits, LogitsContext context, Tensor? uniform)
    {
        logits = chain.Apply(logits, context);
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
