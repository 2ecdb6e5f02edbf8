namespace Attune.Reporting.Studies;

/// <summary>Sums over the few values that seeds give.</summary>
static class Moments
{
    /// <summary>The sum of squared distances from the mean.</summary>
    public static double SquaresAround(double[] values)
    {
        var mean = values.Average();
        return values.Sum(value => (value - mean) * (value - mean));
    }

    /// <summary>The deviation of the population that the values are a sample of (n − 1); null for fewer than two.</summary>
    public static double? Deviation(double[] values) => values.Length < 2 ? null : Math.Sqrt(SquaresAround(values) / (values.Length - 1));

    /// <summary>A deviation in two digits: of three values, the third says nothing.</summary>
    public static double TwoDigits(double value)
    {
        if (value == 0)
            return 0;
        var digit = Math.Pow(10, Math.Floor(Math.Log10(value)) - 1);
        return Math.Round(value / digit) * digit;
    }
}
