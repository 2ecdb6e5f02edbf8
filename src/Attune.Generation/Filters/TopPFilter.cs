using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Nucleus sampling: keeps the smallest set of most likely tokens with a total probability of at least p, and at least
/// <paramref name="minTokensToKeep"/> tokens. Holtzman et al. 2020, https://arxiv.org/abs/1904.09751
/// </summary>
public sealed class TopPFilter(double p, int minTokensToKeep = 1) : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context)
    {
        var (sorted, order) = logits.Sort(-1);                                                      // least likely first (B, V)
        var upToHere = sorted.Softmax(-1).CumSum(-1);
        var removed = !(upToHere > 1 - p) & !logits.FromColumn((int)logits.Size(-1) - minTokensToKeep);
        return logits.RemoveSorted(removed, order);
    }
}
