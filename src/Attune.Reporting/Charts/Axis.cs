using System.Globalization;

namespace Attune.Reporting.Charts;

/// <summary>A range of values with ticks at round numbers: multiples of 1, 2 or 5 times a power of ten.</summary>
public sealed record Axis(double Low, double High, double Step, IReadOnlyList<double> Ticks)
{
    /// <param name="low">The smallest value.</param>
    /// <param name="high">The largest value.</param>
    /// <param name="mostTicks">About how many ticks there may be; at most one more.</param>
    /// <param name="margin">The margin at both ends, as a share of the range.</param>
    /// <param name="leastSpan">The smallest range, so that noise does not fill a chart; the values are in its middle.</param>
    /// <param name="bounds">The range of possible values, which the axis stays in when all values do; null for no bounds.</param>
    public static Axis Over(
        double low, double high, int mostTicks, double margin = 0, double leastSpan = 0, (double Low, double High)? bounds = null)
    {
        if (bounds is { } possible && (low < possible.Low || high > possible.High))
            bounds = null;
        (low, high) = AtLeast(leastSpan, Widened(low, high));
        (low, high) = (low - margin * (high - low), high + margin * (high - low));
        (low, high) = bounds is null ? (low, high) : Within(bounds.Value, low, high);
        var round = RoundStep((high - low) / mostTicks);
        return new(low, high, round.Value, [.. round.Multiples(low, high)]);
    }

    /// <summary>Whether equal factors have equal distances.</summary>
    public bool IsLogarithmic { get; private init; }

    /// <summary>
    /// A logarithmic axis over values above 0, with ticks at powers of ten, at multiples of 1, 2 and 5 of a few, or within one at the ticks
    /// of a linear axis.
    /// </summary>
    public static Axis Logarithmic(double low, double high)
    {
        if (high / low < 1.1)
            (low, high) = (low / 1.1, high * 1.1);
        if (high / low < 10)
            return Over(low, high, mostTicks: 5) with { Low = low, High = high, IsLogarithmic = true };
        var (first, last) = ((int)Math.Floor(Math.Log10(low)), (int)Math.Ceiling(Math.Log10(high)));
        int[] mantissas = last - first <= 2 ? [1, 2, 5] : [1];
        var every = Math.Max(1, (last - first) / 6);
        var ticks = from exponent in Enumerable.Range(first, last - first + 1)
                    where (exponent - first) % every == 0
                    from mantissa in mantissas
                    let tick = mantissa * Math.Pow(10, exponent)
                    where tick >= low * 0.999_999 && tick <= high * 1.000_001
                    select tick;
        return new(low, high, 0, [.. ticks]) { IsLogarithmic = true };
    }

    /// <summary>The ends as <c>chart-zoom.js</c> reads them: "low high", or "low high log".</summary>
    public string Range => string.Create(CultureInfo.InvariantCulture, $"{Low:R} {High:R}{(IsLogarithmic ? " log" : "")}");

    /// <summary>The text of a tick.</summary>
    public string Text(double tick) => Step == 0 ? NumberFormat.Number(tick) : NumberFormat.Tick(tick, Step);

    /// <summary>The position of a value, 0 at the low end and 1 at the high end.</summary>
    public double Share(double value) =>
        IsLogarithmic ? Math.Log(value / Low) / Math.Log(High / Low) : (value - Low) / (High - Low);

    /// <summary>Widens an empty range, so that a constant curve has an axis.</summary>
    static (double Low, double High) Widened(double low, double high)
    {
        if (high - low > Math.Max(1e-100, 1e-9 * Math.Max(Math.Abs(low), Math.Abs(high))))
            return (low, high);
        var half = Math.Abs(low) < 1e-90 ? 1 : Math.Abs(low) * 0.1;
        return (low - half, high + half);
    }

    static (double Low, double High) AtLeast(double span, (double Low, double High) range)
    {
        var missing = Math.Max(0, span - (range.High - range.Low));
        return (range.Low - missing / 2, range.High + missing / 2);
    }

    /// <summary>Moves a range into the bounds, and cuts it where it is larger.</summary>
    static (double Low, double High) Within((double Low, double High) bounds, double low, double high)
    {
        var shift = Math.Max(0, bounds.Low - low) - Math.Max(0, high - bounds.High);
        return (Math.Max(bounds.Low, low + shift), Math.Min(bounds.High, high + shift));
    }

    /// <summary>The smallest round number that is not below <paramref name="rough"/>.</summary>
    static RoundNumber RoundStep(double rough)
    {
        var exponent = (int)Math.Floor(Math.Log10(rough));
        foreach (var mantissa in (int[])[1, 2, 5])
            if (new RoundNumber(mantissa, exponent) is var round && round.Value >= rough * 0.999_999)
                return round;
        return new(1, exponent + 1);
    }

    /// <summary>Multiplies by integers before it divides, so that three times 0.1 is exactly the double 0.3.</summary>
    readonly record struct RoundNumber(int Mantissa, int Exponent)
    {
        public double Value => Times(1);

        public IEnumerable<double> Multiples(double low, double high)
        {
            const double Rounding = 1e-9;                        // 0.3 / 0.1 is not exactly 3
            for (var count = Math.Ceiling(low / Value - Rounding); count <= Math.Floor(high / Value + Rounding); count++)
                yield return Times(count);
        }

        double Times(double count) => Exponent < 0
            ? count * Mantissa / Math.Pow(10, -Exponent)
            : count * Mantissa * Math.Pow(10, Exponent);
    }
}
