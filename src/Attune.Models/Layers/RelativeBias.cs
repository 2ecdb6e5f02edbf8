using Attune.Torch;

namespace Attune.Models.Layers;

/// <summary>
/// What attention adds for the distance between two tokens, a learned number for each head and bucket of distances: near ones have
/// buckets of their own, farther ones share buckets that grow by a constant factor. Raffel et al. 2020, section 2.1,
/// https://arxiv.org/abs/1910.10683
/// </summary>
public sealed class RelativeBias : Module
{
    readonly bool bothDirections;
    readonly int buckets;
    readonly int greatestDistance;
    readonly Embedding table;

    /// <param name="heads">Heads that attend.</param>
    /// <param name="buckets">How many numbers a head has.</param>
    /// <param name="greatestDistance">The distance from which all share the last bucket.</param>
    /// <param name="bothDirections">Whether a token looks at later ones too: these get half of the buckets.</param>
    /// <param name="initialDeviation">Of the numbers.</param>
    public RelativeBias(long heads, int buckets, int greatestDistance, bool bothDirections, double initialDeviation)
    {
        (this.buckets, this.greatestDistance, this.bothDirections) = (buckets, greatestDistance, bothDirections);
        table = Register("", new Embedding(buckets, heads, initialDeviation));
    }

    /// <summary>The bias of the last <paramref name="queries"/> of <paramref name="keys"/> columns towards all of them: (1, H, T, S).</summary>
    public Tensor Forward(long queries, long keys)
    {
        var cells = new long[queries * keys];
        for (var query = 0; query < queries; query++)
            for (var key = 0; key < keys; key++)
                cells[query * keys + key] = Bucket(key - (keys - queries + query));
        var bias = table.Forward(Tensor.From(cells, queries, keys).To(table.Weight.Value.Device));    // (T, S, H)
        return bias.Permute(2, 0, 1).Unsqueeze(0).To(DType.Float32);
    }

    /// <summary>The bucket of a token that stands this far behind the one that looks (before it, when negative).</summary>
    public long Bucket(long distance)
    {
        if (!bothDirections)
            return BucketOf(Math.Max(-distance, 0), buckets);
        var half = buckets / 2;
        return BucketOf(Math.Abs(distance), half) + (distance > 0 ? half : 0);
    }

    /// <summary>In float32, whose rounding decides at the borders of buckets.</summary>
    long BucketOf(long distance, int count)
    {
        var exact = count / 2;
        if (distance < exact)
            return distance;
        var steps = MathF.Log((float)distance / exact) / (float)Math.Log((double)greatestDistance / exact) * (count - exact);
        return Math.Min(exact + (long)steps, count - 1);
    }
}
