using Attune.Torch;

namespace Attune.Generation;

/// <summary>Takes tokens out of a distribution, but never the likeliest few.</summary>
static class Removal
{
    /// <summary>
    /// −∞ where <paramref name="removed"/> (B, V) is true, except for the <paramref name="keep"/> largest logits of a row and their equals.
    /// </summary>
    public static Tensor Remove(this Tensor logits, Tensor removed, int keep) =>
        logits.MaskedFill(removed & (logits < logits.SmallestOfTop(keep)), double.NegativeInfinity);

    /// <summary>
    /// −∞ where <paramref name="removed"/> (B, V) is true; its columns are in an order that <paramref name="order"/> (B, V) gives.
    /// </summary>
    public static Tensor RemoveSorted(this Tensor logits, Tensor removed, Tensor order)
    {
        var place = order.Sort(-1).Indices;                                                         // back to the order of the vocabulary
        return logits.MaskedFill(removed.Gather(-1, place), double.NegativeInfinity);
    }

    /// <summary>The k-th largest logit of each row (B, 1).</summary>
    public static Tensor SmallestOfTop(this Tensor logits, int k) => logits.TopK(Math.Min(k, logits.Size(-1))).Values.Slice(-1, -1);

    /// <summary>(V) bool: true from this column on.</summary>
    public static Tensor FromColumn(this Tensor logits, int column) =>
        Tensor.Arange(0, logits.Size(-1), device: logits.Device).GreaterOrEqual(column);
}
