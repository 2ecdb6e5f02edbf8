using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// The uniform numbers that rows sample with. A row's numbers follow from its own seed, so they are the same in any batch and with any
/// number of workers. SplitMix64, Steele et al. 2014, https://doi.org/10.1145/2714064.2660195
/// </summary>
public sealed class RowDraws : IDisposable
{
    const int BlockLength = 32;                                    // numbers of each row that are copied to the device at once

    readonly Device device;
    List<Row> rows;
    Tensor? block;                                                 // (BlockLength, B) float64
    int used;

    /// <param name="device">The device of the logits.</param>
    /// <param name="seeds">A seed for each row.</param>
    public RowDraws(Device device, IEnumerable<ulong> seeds)
    {
        this.device = device;
        rows = [.. seeds.Select(seed => new Row(seed))];
    }

    /// <summary>The seed of a row of a call that has a seed of its own.</summary>
    public static ulong SeedOf(ulong callSeed, int row) => Mix(callSeed ^ Mix((ulong)row + 1));

    /// <summary>The next number of each row, in [0, 1): (B, 1) float64. The caller disposes it, or its scope does.</summary>
    public Tensor Next()
    {
        if (block is null || used == BlockLength)
            Fill();
        return block!.Select(0, used++).Unsqueeze(1);
    }

    /// <summary>Keeps the rows with these indices, in this order.</summary>
    public void Select(IEnumerable<long> kept)
    {
        Discard();
        rows = [.. kept.Select(row => rows[(int)row])];
    }

    /// <summary>Adds rows after the others.</summary>
    public void Add(IEnumerable<ulong> seeds)
    {
        Discard();
        rows.AddRange(seeds.Select(seed => new Row(seed)));
    }

    public void Dispose() => block?.Dispose();

    void Fill()
    {
        block?.Dispose();
        var numbers = new double[rows.Count * BlockLength];
        for (var i = 0; i < numbers.Length; i++)
            numbers[i] = rows[i % rows.Count].Number(i / rows.Count);
        foreach (var row in rows)
            row.Skip(BlockLength);
        block = Tensor.From(numbers, BlockLength, rows.Count).To(device).DetachFromScope();
        used = 0;
    }

    /// <summary>Returns the numbers of the block that were not used.</summary>
    void Discard()
    {
        if (block is null)
            return;
        foreach (var row in rows)
            row.Skip(used - BlockLength);
        block.Dispose();
        block = null;
    }

    static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>The numbers of one row.</summary>
    internal sealed class Row(ulong seed)
    {
        ulong taken;

        public double Number(int ahead) => (Mix(seed + ((taken + (ulong)ahead + 1) * 0x9E3779B97F4A7C15)) >> 11) * (1.0 / (1UL << 53));

        public void Skip(int count) => taken += (ulong)count;
    }
}
