namespace Attune.Data.Agreement;

/// <summary>A share of a count, with Wilson's 95 % interval. Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953</summary>
/// <param name="Count">How many are so.</param>
/// <param name="Total">Of how many.</param>
public sealed record Proportion(int Count, int Total)
{
    const double Deviations = 1.959964;

    /// <summary>From 0 to 1; null of none.</summary>
    public double? Share => Total == 0 ? null : (double)Count / Total;

    /// <summary>The interval's lower end.</summary>
    public double Low => Share is { } share ? Wilson(share, Total).Low : 0;

    /// <summary>Its upper end.</summary>
    public double High => Share is { } share ? Wilson(share, Total).High : 1;

    /// <summary>Whether one half is outside the interval: too far from even for chance.</summary>
    public bool IsUneven => Low > 0.5 || High < 0.5;

    /// <summary>The interval of a share.</summary>
    /// <param name="share">From 0 to 1.</param>
    /// <param name="count">Of how many independent ones; above 0, and not always whole.</param>
    public static (double Low, double High) Wilson(double share, double count)
    {
        var z2 = Deviations * Deviations;
        var middle = (share + z2 / (2 * count)) / (1 + z2 / count);
        var half = Deviations / (1 + z2 / count) * Math.Sqrt(share * (1 - share) / count + z2 / (4 * count * count));
        return (Math.Max(0, middle - half), Math.Min(1, middle + half));
    }
}
