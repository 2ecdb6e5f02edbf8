namespace Attune.Data.Agreement;

/// <summary>A proportion with Wilson's 95 % interval. Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953</summary>
/// <param name="Count">How many have the property.</param>
/// <param name="Total">How many there are.</param>
public sealed record Proportion(int Count, int Total)
{
    /// <summary>The 97.5 % quantile of the normal distribution.</summary>
    internal const double Deviations = 1.959964;

    /// <summary>The proportion, from 0 to 1; null when <c>Total</c> is 0.</summary>
    public double? Share => Total == 0 ? null : (double)Count / Total;

    /// <summary>The lower end of the interval.</summary>
    public double Low => Share is { } share ? Wilson(share, Total).Low : 0;

    /// <summary>The upper end of the interval.</summary>
    public double High => Share is { } share ? Wilson(share, Total).High : 1;

    /// <summary>Whether one half is outside of the interval.</summary>
    public bool IsUneven => Low > 0.5 || High < 0.5;

    /// <summary>The Wilson interval of a proportion.</summary>
    /// <param name="share">The proportion, from 0 to 1.</param>
    /// <param name="count">The number of independent trials; above 0, and it may be fractional.</param>
    public static (double Low, double High) Wilson(double share, double count)
    {
        var z2 = Deviations * Deviations;
        var middle = (share + z2 / (2 * count)) / (1 + z2 / count);
        var half = Deviations / (1 + z2 / count) * Math.Sqrt(share * (1 - share) / count + z2 / (4 * count * count));
        return (Math.Max(0, middle - half), Math.Min(1, middle + half));
    }
}
