using Attune.Torch;

namespace Attune.Generation;

/// <summary>Keeps the k largest logits, and those equal to the k-th. Fan et al. 2018, https://arxiv.org/abs/1805.04833</summary>
public sealed class TopKFilter(int k, int minTokensToKeep = 1) : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context) =>
        logits.MaskedFill(logits < logits.SmallestOfTop(Math.Max(k, minTokensToKeep)), double.NegativeInfinity);
}
