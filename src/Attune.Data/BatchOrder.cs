namespace Attune.Data;

/// <summary>
/// Which examples each step uses. The order depends only on the seed and the step, so a resumed run continues where it was. Each epoch is a
/// new permutation, and a batch may span two epochs.
/// </summary>
public sealed class BatchOrder
{
    readonly int count;
    readonly int batchSize;
    readonly int seed;
    long knownEpoch = -1;
    int[] permutation = [];

    public BatchOrder(int count, int batchSize, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        (this.count, this.batchSize, this.seed) = (count, batchSize, seed);
    }

    /// <summary>Indices of the examples of a step; steps are counted from 0.</summary>
    public int[] Batch(int step)
    {
        var batch = new int[batchSize];
        for (var i = 0; i < batchSize; i++)
            batch[i] = At((long)step * batchSize + i);
        return batch;
    }

    int At(long position)
    {
        var epoch = position / count;
        if (epoch != knownEpoch)
            (knownEpoch, permutation) = (epoch, Permutation(epoch));
        return permutation[position % count];
    }

    int[] Permutation(long epoch)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        new Random(SplitMix.Next(seed, epoch)).Shuffle(order);
        return order;
    }
}
