namespace Attune.Data.Agreement;

/// <summary>Quantiles, straight between neighbours. Hyndman and Fan 1996, no. 7, https://doi.org/10.1080/00031305.1996.10473566</summary>
public static class Quantile
{
    /// <param name="numbers">In any order.</param>
    /// <param name="share">From 0, the smallest, to 1, the largest.</param>
    /// <returns>Null of no numbers.</returns>
    public static double? Of(IEnumerable<double> numbers, double share)
    {
        var sorted = numbers.ToArray();
        Array.Sort(sorted);
        return sorted.Length == 0 ? null : OfSorted(sorted, share);
    }

    /// <returns>Null of no numbers.</returns>
    public static double? Median(IEnumerable<double> numbers) => Of(numbers, 0.5);

    internal static double OfSorted(double[] sorted, double share)
    {
        var place = share * (sorted.Length - 1);
        var below = (int)place;
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
    }
}
