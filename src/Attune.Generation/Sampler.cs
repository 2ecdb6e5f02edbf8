using Attune.Torch;

namespace Attune.Generation;

/// <summary>Draws tokens and says how likely they were under the distribution they were drawn from.</summary>
/// <param name="filters">Change the logits, in this order.</param>
/// <param name="greedy">Takes the likeliest token.</param>
/// <param name="random">Draws.</param>
public sealed class Sampler(IReadOnlyList<ILogitsFilter> filters, bool greedy, RandomSource random)
{
    /// <summary>(B, V) logits after what the rows hold → (B) int64 tokens and (B) log-probabilities.</summary>
    public (Tensor Tokens, Tensor Logprobs) Draw(Tensor logits, IReadOnlyList<TokenHistory> rows)
    {
        foreach (var filter in filters)
            logits = filter.Apply(logits, rows);
        var uniform = greedy ? null : Tensor.Uniform([logits.Size(0), 1], random, DType.Float64);
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
        var cumulative = logprobs.To(DType.Float64).Exp().CumulativeSum(-1);                        // (B, V)
        var passed = cumulative.AtMost(uniform * cumulative.Slice(-1, -1));
        return passed.To(DType.Int64).Sum(-1).Clamp(null, logprobs.Size(1) - 1);
    }
}
