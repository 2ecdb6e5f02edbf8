namespace Attune.Reporting.Charts;

/// <summary>A range of values with the round numbers in it: multiples of 1, 2 or 5 times a power of ten.</summary>
public sealed record Axis(double Low, double High, double Step, IReadOnlyList<double> Ticks)
{
    /// <param name="low">The least value.</param>
    /// <param name="high">The greatest.</param>
    /// <param name="mostTicks">Of ticks, there may be one more.</param>
    /// <param name="margin">Room at either end, as a share of the range.</param>
    public static Axis Over(double low, double high, int mostTicks, double margin = 0)
    {
        (low, high) = Widened(low, high);
        (low, high) = (low - margin * (high - low), high + margin * (high - low));
        var round = RoundStep((high - low) / mostTicks);
        return new(low, high, round.Value, [.. round.Multiples(low, high)]);
    }

    /// <summary>Where a value stands, 0 at the low end and 1 at the high one.</summary>
    public double Share(double value) => (value - Low) / (High - Low);

    /// <summary>A curve that does not move still needs an axis with a height.</summary>
    static (double Low, double High) Widened(double low, double high)
    {
        if (high - low > Math.Max(1e-100, 1e-9 * Math.Max(Math.Abs(low), Math.Abs(high))))
            return (low, high);
        var half = Math.Abs(low) < 1e-90 ? 1 : Math.Abs(low) * 0.1;
        return (low - half, high + half);
    }

    /// <summary>The least round number that is not below <paramref name="rough"/>.</summary>
    static RoundNumber RoundStep(double rough)
    {
        var exponent = (int)Math.Floor(Math.Log10(rough));
        foreach (var mantissa in (int[])[1, 2, 5])
            if (new RoundNumber(mantissa, exponent) is var round && round.Value >= rough * 0.999_999)
                return round;
        return new(1, exponent + 1);
    }

    /// <summary>Multiplies by whole numbers before it divides, so that three times 0.1 is 0.3 and not a neighbour of it.</summary>
    readonly record struct RoundNumber(int Mantissa, int Exponent)
    {
        public double Value => Times(1);

        public IEnumerable<double> Multiples(double low, double high)
        {
            const double Rounding = 1e-9;                        // 0.3 / 0.1 is not quite 3
            for (var count = Math.Ceiling(low / Value - Rounding); count <= Math.Floor(high / Value + Rounding); count++)
                yield return Times(count);
        }

        double Times(double count) => Exponent < 0
            ? count * Mantissa / Math.Pow(10, -Exponent)
            : count * Mantissa * Math.Pow(10, Exponent);
    }
}
