using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Nucleus sampling: keeps the smallest set of likeliest tokens whose probability reaches p. Holtzman et al. 2020,
/// https://arxiv.org/abs/1904.09751
/// </summary>
public sealed class TopPFilter(double p) : ILogitsFilter
{
    public Tensor Apply(Tensor logits)
    {
        var (sorted, order) = logits.Sort(-1, descending: true);
        var probabilities = sorted.Softmax(-1);
        var before = probabilities.CumulativeSum(-1) - probabilities;                               // mass of likelier tokens (B, V)
        var removed = before.AtLeast(p);
        var place = order.Sort(-1).Indices;                                                         // back to the order of the vocabulary
        return logits.MaskedFill(removed.Gather(-1, place), double.NegativeInfinity);
    }
}
