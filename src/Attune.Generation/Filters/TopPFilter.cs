using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Nucleus sampling: keeps the smallest set of likeliest tokens whose probability reaches p, and at least <paramref name="keep"/>.
/// Holtzman et al. 2020, https://arxiv.org/abs/1904.09751
/// </summary>
public sealed class TopPFilter(double p, int keep = 1) : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context)
    {
        var (sorted, order) = logits.Sort(-1);                                                      // least likely first (B, V)
        var upToHere = sorted.Softmax(-1).CumSum(-1);
        var removed = !(upToHere > 1 - p) & !logits.FromColumn((int)logits.Size(-1) - keep);
        return logits.RemoveSorted(removed, order);
    }
}
