using Attune.Torch;

namespace Attune.Models.Layers;

/// <summary>
/// Relative position bias: a learned number for each head and bucket of distances, added to attention scores. Small distances have
/// their own bucket; larger ones share buckets whose size grows by a constant factor. Raffel et al. 2020, section 2.1,
/// https://arxiv.org/abs/1910.10683
/// </summary>
public sealed class RelativeBias : Module
{
    readonly bool bidirectional;
    readonly int buckets;
    readonly int maxDistance;
    readonly Embedding table;

    /// <param name="heads">Attention heads.</param>
    /// <param name="buckets">Buckets for each head.</param>
    /// <param name="maxDistance">Distances from this one on share the last bucket.</param>
    /// <param name="bidirectional">Whether tokens attend to later tokens too, which get half of the buckets.</param>
    /// <param name="initialStd">Standard deviation of the initial values.</param>
    public RelativeBias(long heads, int buckets, int maxDistance, bool bidirectional, double initialStd)
    {
        (this.buckets, this.maxDistance, this.bidirectional) = (buckets, maxDistance, bidirectional);
        table = Register("", new Embedding(buckets, heads, initialStd));
    }

    /// <summary>
    /// The bias from the last <paramref name="queries"/> of <paramref name="keys"/> columns to all columns: (1, H, T, S).
    /// </summary>
    public Tensor Forward(long queries, long keys)
    {
        var cells = new long[queries * keys];
        for (var query = 0; query < queries; query++)
            for (var key = 0; key < keys; key++)
                cells[query * keys + key] = Bucket(key - (keys - queries + query));
        var bias = table.Forward(Tensor.From(cells, queries, keys).To(table.Weight.Value.Device));    // (T, S, H)
        return bias.Permute(2, 0, 1).Unsqueeze(0).To(DType.Float32);
    }

    /// <summary>The bucket of the distance key position − query position, which is negative for earlier keys.</summary>
    public long Bucket(long distance)
    {
        if (!bidirectional)
            return BucketOf(Math.Max(-distance, 0), buckets);
        var half = buckets / 2;
        return BucketOf(Math.Abs(distance), half) + (distance > 0 ? half : 0);
    }

    /// <summary>Computes in float32, whose rounding decides at the boundaries of buckets.</summary>
    long BucketOf(long distance, int count)
    {
        var exact = count / 2;
        if (distance < exact)
            return distance;
        var steps = MathF.Log((float)distance / exact) / (float)Math.Log((double)maxDistance / exact) * (count - exact);
        return Math.Min(exact + (long)steps, count - 1);
    }
}
