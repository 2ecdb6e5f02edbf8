using Attune.Torch;

namespace Attune.Generation;

/// <summary>Removes tokens from a distribution, except the most likely few.</summary>
static class Removal
{
    /// <summary>
    /// −∞ where <paramref name="removed"/> (B, V) is true, except for the <paramref name="minTokensToKeep"/> largest logits of a row
    /// and those equal to the smallest of them.
    /// </summary>
    public static Tensor Remove(this Tensor logits, Tensor removed, int minTokensToKeep) =>
        logits.MaskedFill(removed & (logits < logits.SmallestOfTop(minTokensToKeep)), double.NegativeInfinity);

    /// <summary>
    /// −∞ where <paramref name="removed"/> (B, V) is true. Its columns are in the order of <paramref name="order"/> (B, V).
    /// </summary>
    public static Tensor RemoveSorted(this Tensor logits, Tensor removed, Tensor order)
    {
        var rank = order.Sort(-1).Indices;                                                          // back to the order of the vocabulary
        return logits.MaskedFill(removed.Gather(-1, rank), double.NegativeInfinity);
    }

    /// <summary>The k-th largest logit of each row (B, 1).</summary>
    public static Tensor SmallestOfTop(this Tensor logits, int k) => logits.TopK(Math.Min(k, logits.Size(-1))).Values.Slice(-1, -1);

    /// <summary>(V) bool: true from this column on.</summary>
    public static Tensor FromColumn(this Tensor logits, int column) =>
        Tensor.Arange(0, logits.Size(-1), device: logits.Device).GreaterOrEqual(column);
}
