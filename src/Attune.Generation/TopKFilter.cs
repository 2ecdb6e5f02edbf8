using Attune.Torch;

namespace Attune.Generation;

/// <summary>Keeps the k largest logits, and those equal to the k-th. Fan et al. 2018, https://arxiv.org/abs/1805.04833</summary>
public sealed class TopKFilter(int k) : ILogitsFilter
{
    public Tensor Apply(Tensor logits)
    {
        var smallestKept = logits.TopK(Math.Min(k, logits.Size(-1))).Values.Slice(-1, -1);          // (B, 1)
        return logits.MaskedFill(logits < smallestKept, double.NegativeInfinity);
    }
}
