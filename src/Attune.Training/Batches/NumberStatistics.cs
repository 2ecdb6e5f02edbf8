namespace Attune.Training.Batches;

/// <summary>Statistics of numbers, to which those of others can be added.</summary>
/// <param name="Count">How many there are.</param>
/// <param name="Mean">Their mean.</param>
/// <param name="Squares">The sum of squared differences from the mean.</param>
/// <param name="Minimum">The least.</param>
/// <param name="Maximum">The greatest.</param>
public readonly record struct NumberStatistics(long Count, double Mean, double Squares, double Minimum, double Maximum)
{
    /// <summary>The standard deviation of the numbers as a whole population.</summary>
    public double PopulationStandardDeviation => Math.Sqrt(Squares / Count);

    /// <param name="numbers">At least one number.</param>
    public static NumberStatistics Of(ReadOnlySpan<float> numbers)
    {
        var (sum, least, greatest) = (0.0, double.PositiveInfinity, double.NegativeInfinity);
        foreach (var number in numbers)
            (sum, least, greatest) = (sum + number, Math.Min(least, number), Math.Max(greatest, number));
        var (mean, squares) = (sum / numbers.Length, 0.0);
        foreach (var number in numbers)
            squares += (number - mean) * (number - mean);
        return new(numbers.Length, mean, squares, least, greatest);
    }

    /// <summary>The statistics of all numbers. Chan et al. 1979, eq. 2.1.</summary>
    public static NumberStatistics operator +(NumberStatistics first, NumberStatistics second)
    {
        var (count, difference) = (first.Count + second.Count, second.Mean - first.Mean);
        return new(
            count, first.Mean + difference * second.Count / count,
            first.Squares + second.Squares + difference * difference * first.Count * second.Count / count,
            Math.Min(first.Minimum, second.Minimum), Math.Max(first.Maximum, second.Maximum));
    }
}
