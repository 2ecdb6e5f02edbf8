using System.Text.Json;

namespace Attune.Testing;

/// <summary>
/// Comparisons with golden files. Each of them also makes sure that it can fail: with an expected value that is changed by ten times its
/// tolerance, it does. A comparison of nothing is an error.
/// </summary>
public static partial class Golden
{
    /// <summary>How many elements of a comparison are changed, one at a time, to see it fail.</summary>
    const int Changed = 5;

    /// <summary>Throws unless all elements that <paramref name="where"/> selects are within the tolerance.</summary>
    public static void Close(
        ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, string what, Tolerance tolerance, ReadOnlySpan<bool> where = default)
    {
        var compared = Selected(expected.Length, where);
        if (compared.Length == 0)
            throw new NumericException($"{what}: nothing is compared");
        var wanted = expected.ToArray();
        if (ChangedExpectation.IsNext())
            wanted[compared[^1]] = ChangedByTen(wanted[compared[^1]], tolerance);
        Numeric.Close(wanted, actual, what, tolerance.Absolute, tolerance.Relative, where);
        for (var i = 0; i < Math.Min(Changed, compared.Length); i++)
            ThrowUnlessItFails(wanted, compared[i * (compared.Length - 1) / Math.Max(1, Changed - 1)], actual, what, tolerance, where);
    }

    public static void Close(
        ReadOnlySpan<double> expected, ReadOnlySpan<float> actual, string what, Tolerance tolerance, ReadOnlySpan<bool> where = default)
    {
        var wide = new double[actual.Length];
        for (var i = 0; i < wide.Length; i++)
            wide[i] = actual[i];
        Close(expected, wide, what, tolerance, where);
    }

    public static void Close(double expected, double actual, string what, Tolerance tolerance) =>
        Close([expected], (ReadOnlySpan<double>)[actual], what, tolerance);

    /// <summary>Throws unless both have the same elements: tokens, texts, bytes or numbers that must be exact.</summary>
    public static void Equal<T>(IEnumerable<T> expected, IEnumerable<T> actual, string what)
    {
        T[] wanted = [.. expected], found = [.. actual];
        if (wanted.Length == 0 && found.Length == 0)
            return;
        if (ChangedExpectation.IsNext())
            wanted = [.. wanted.SkipLast(1), .. found.TakeLast(1), .. found.TakeLast(1)];
        if (!wanted.AsSpan().SequenceEqual(found))
            throw new NumericException($"{what}: expected {Shown(wanted)}, found {Shown(found)}");
    }

    public static void Equal<T>(T expected, T actual, string what)
        where T : struct => Equal([expected], (IEnumerable<T>)[actual], what);

    /// <summary>The expected value of a comparison of JSON, or another one where it is changed.</summary>
    public static JsonElement Expected(JsonElement expected) =>
        ChangedExpectation.IsNext() ? JsonSerializer.SerializeToElement(new[] { $"not {expected.GetRawText()}" }) : expected;

    static int[] Selected(int length, ReadOnlySpan<bool> where)
    {
        var selected = new List<int>(length);
        for (var i = 0; i < length; i++)
            if (where.IsEmpty || where[i])
                selected.Add(i);
        return [.. selected];
    }

    static void ThrowUnlessItFails(
        double[] expected, int at, ReadOnlySpan<double> actual, string what, Tolerance tolerance, ReadOnlySpan<bool> where)
    {
        var before = expected[at];
        expected[at] = ChangedByTen(before, tolerance);
        try
        {
            Numeric.Close(expected, actual, what, tolerance.Absolute, tolerance.Relative, where);
        }
        catch (NumericException)
        {
            return;
        }
        finally
        {
            expected[at] = before;
        }
        throw new NumericException($"{what}: at {at}, {ChangedByTen(before, tolerance):R} would pass in place of {before:R}");
    }

    /// <summary>A value changed by ten times its tolerance, or by 1 where it must be exact; 0 for one that is not finite.</summary>
    static double ChangedByTen(double value, Tolerance tolerance)
    {
        var allowed = tolerance.Of(value);
        return double.IsFinite(value) ? value + (allowed > 0 ? 10 * allowed : 1) : 0;
    }

    static string Shown<T>(T[] items) => items.Length > 40 ? $"{items.Length} elements" : $"[{string.Join(", ", items)}]";
}
