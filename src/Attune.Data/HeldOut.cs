namespace Attune.Data;

/// <summary>Splits examples into training and held-out data.</summary>
public static class HeldOut
{
    /// <summary>
    /// Holds out a share of the examples, drawn by the seed; at least one example in each part unless the share is 0 or 1.
    /// </summary>
    public static (IReadOnlyList<T> Train, IReadOnlyList<T> HeldOut) Split<T>(IReadOnlyList<T> examples, double share, int seed)
    {
        if (share <= 0 || examples.Count < 2)
            return (examples, []);
        var order = Enumerable.Range(0, examples.Count).ToArray();
        new Random(seed).Shuffle(order);
        var count = Math.Clamp((int)Math.Round(share * examples.Count), 1, examples.Count - 1);
        var aside = order[..count].ToHashSet();
        return (
            [.. examples.Where((_, i) => !aside.Contains(i))],
            [.. examples.Where((_, i) => aside.Contains(i))]);
    }
}
