namespace Attune.Testing;

/// <summary>Compares numbers, and reports where two arrays differ.</summary>
public static class Numeric
{
    /// <summary>
    /// Throws unless |actual − expected| ≤ absolute + relative·|expected| everywhere that <paramref name="where"/> is true.
    /// </summary>
    public static void Close(
        ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, string what,
        double absolute = 1e-5, double relative = 1e-4, ReadOnlySpan<bool> where = default)
    {
        if (expected.Length != actual.Length)
            throw new NumericException($"{what}: expected {expected.Length} numbers, found {actual.Length}");
        var (worst, at) = (0.0, -1);
        for (var i = 0; i < expected.Length; i++)
        {
            if (!where.IsEmpty && !where[i])
                continue;
            var excess = Difference(expected[i], actual[i]) - (absolute + relative * Magnitude(expected[i]));
            if (!(excess <= 0) && !(excess <= worst))
                (worst, at) = (excess, i);
        }
        if (at >= 0)
            throw new NumericException($"{what}: at {at} of {expected.Length} expected {expected[at]:R}, found {actual[at]:R}");
    }

    public static void Close(ReadOnlySpan<double> expected, ReadOnlySpan<float> actual, string what,
        double absolute = 1e-5, double relative = 1e-4, ReadOnlySpan<bool> where = default)
    {
        var wide = new double[actual.Length];
        for (var i = 0; i < wide.Length; i++)
            wide[i] = actual[i];
        Close(expected, wide, what, absolute, relative, where);
    }

    public static void Close(double expected, double actual, string what, double absolute = 1e-5, double relative = 1e-4) =>
        Close([expected], (ReadOnlySpan<double>)[actual], what, absolute, relative);

    static double Difference(double a, double b) =>
        a.Equals(b) ? 0 : double.IsFinite(a) && double.IsFinite(b) ? Math.Abs(a - b) : double.PositiveInfinity;

    static double Magnitude(double x) => double.IsFinite(x) ? Math.Abs(x) : 0;
}

/// <summary>Thrown when two numbers differ.</summary>
public sealed class NumericException(string message) : Exception(message);
