namespace Attune.Data.Agreement;

/// <summary>Consecutive observations of a share.</summary>
/// <param name="From">The time of the first one.</param>
/// <param name="To">The time of the last one.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Share">Their mean, from 0 to 1.</param>
public sealed record DriftBlock(DateTimeOffset From, DateTimeOffset To, int Count, double Share)
{
    /// <summary>
    /// Wilson's 95 % interval. Observations are from 0 to 1, and their variance is at most that of zeros and ones with the same mean, so it
    /// is not too narrow.
    /// </summary>
    public (double Low, double High) Interval => Proportion.Wilson(Share, Count);

    internal static DriftBlock Of(IReadOnlyList<(DateTimeOffset At, double Value)> observations) =>
        new(observations[0].At, observations[^1].At, observations.Count, observations.Average(observation => observation.Value));
}

/// <summary>The difference of two shares with Newcombe's hybrid score interval (method 10), without continuity correction.
/// Newcombe 1998, https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8%3C873::AID-SIM779%3E3.0.CO;2-I</summary>
/// <param name="Value">The first share minus the second one.</param>
/// <param name="Low">The lower end of the 95 % interval.</param>
/// <param name="High">The upper end of the interval.</param>
public sealed record ShareDifference(double Value, double Low, double High)
{
    /// <summary>Whether 0 is outside of the interval.</summary>
    public bool IsSignificant => Low > 0 || High < 0;

    internal static ShareDifference Between(DriftBlock first, DriftBlock second)
    {
        var ((low1, high1), (low2, high2)) = (first.Interval, second.Interval);
        var difference = first.Share - second.Share;
        return new(difference, difference - Norm(first.Share - low1, high2 - second.Share),
            difference + Norm(high1 - first.Share, second.Share - low2));
    }

    static double Norm(double a, double b) => Math.Sqrt(a * a + b * b);
}

/// <summary>How a share changes over time, in blocks of about as many observations each.</summary>
/// <param name="Blocks">The blocks, oldest first; empty where there are too few observations.</param>
/// <param name="Newest">The newest block minus all earlier ones; null where there is only one block.</param>
public sealed record Drift(IReadOnlyList<DriftBlock> Blocks, ShareDifference? Newest)
{
    const int MostBlocks = 12;

    /// <summary>Whether chance alone hardly explains the difference of the newest block from the earlier ones.</summary>
    public bool HasChanged => Newest is { IsSignificant: true };

    /// <param name="observations">Values from 0 to 1, in the order of time.</param>
    /// <param name="least">The least number of observations of a block.</param>
    public static Drift Compute(IReadOnlyList<(DateTimeOffset At, double Value)> observations, int least)
    {
        var size = Math.Max(least, (observations.Count + MostBlocks - 1) / MostBlocks);
        var count = observations.Count / size;
        if (count == 0)
            return new([], null);
        var first = observations.Count - (count - 1) * size;            // the oldest block has the remainder too
        var blocks = new[] { observations.Take(first) }.Concat(observations.Skip(first).Chunk(size))
            .Select(block => DriftBlock.Of([.. block])).ToList();
        return new(blocks, count < 2 ? null
            : ShareDifference.Between(blocks[^1], DriftBlock.Of([.. observations.SkipLast(size)])));
    }
}
