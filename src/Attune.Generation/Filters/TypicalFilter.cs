using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Locally typical sampling: keeps the tokens whose surprisal −log p is nearest to the entropy, until their total probability reaches
/// p. Meister et al. 2022, https://arxiv.org/abs/2202.00666
/// </summary>
public sealed class TypicalFilter(double p, int minTokensToKeep = 1) : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context)
    {
        var logprobs = logits.LogSoftmax(-1);
        var (distance, order) = (-logprobs - Entropy.FromLogprobs(logprobs)).Abs().Sort(-1);        // most typical first (B, V)
        var upToHere = logits.Gather(-1, order).Softmax(-1).CumSum(-1);
        var last = (upToHere < p).To(DType.Int64).Sum(-1, keepDim: true).Clamp(null, logits.Size(-1) - 1);
        var removed = (distance > distance.Gather(-1, last)) & logits.FromColumn(minTokensToKeep);
        return logits.RemoveSorted(removed, order);
    }
}
