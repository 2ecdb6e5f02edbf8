namespace Attune.Data;

/// <summary>Splits examples into training and held-out data.</summary>
public static class HeldOut
{
    /// <summary>
    /// Holds out a share of the examples, drawn by the seed; at least one example in each part unless the share is 0 or 1.
    /// </summary>
    /// <param name="count">The number of the examples.</param>
    /// <param name="share">The share that is held out.</param>
    /// <param name="seed">The seed.</param>
    /// <returns>The indices of both parts, in their order.</returns>
    public static (int[] Train, int[] HeldOut) Split(int count, double share, int seed)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        if (share <= 0 || count < 2)
            return (order, []);
        new Random(seed).Shuffle(order);
        var aside = Math.Clamp((int)Math.Round(share * count), 1, count - 1);
        var (heldOut, train) = (order[..aside], order[aside..]);
        Array.Sort(heldOut);
        Array.Sort(train);
        return (train, heldOut);
    }
}
