using System.Globalization;

namespace Attune.Reporting.Charts;

/// <summary>How charts are drawn: smoothing, logarithmic axes, and the range of steps.</summary>
public sealed record ChartView
{
    /// <summary>
    /// The weight of the earlier values in an exponential moving average, as in TensorBoard; 0 for none, null to smooth noisy curves only.
    /// </summary>
    public double? Smoothing { get; init; }

    public bool HasLogX { get; init; }

    public bool HasLogY { get; init; }

    /// <summary>The first step that is drawn; null for all.</summary>
    public double? From { get; init; }

    /// <summary>The last step that is drawn; null for all.</summary>
    public double? To { get; init; }

    /// <summary>The view of the texts of a form or of options.</summary>
    /// <param name="smooth">A number from 0 to below 1; empty or null for the default.</param>
    /// <param name="log">The axes that are logarithmic: x, y or xy.</param>
    /// <param name="from">The first step.</param>
    /// <param name="to">The last step.</param>
    /// <exception cref="InvalidDataException">A text is not valid.</exception>
    public static ChartView Parse(string? smooth, string? log, string? from, string? to)
    {
        var view = new ChartView
        {
            Smoothing = Number(smooth, "smooth"), From = Number(from, "from"), To = Number(to, "to"),
            HasLogX = log?.Contains('x', StringComparison.Ordinal) == true, HasLogY = log?.Contains('y', StringComparison.Ordinal) == true,
        };
        if (log is not (null or "" or "x" or "y" or "xy"))
            throw new InvalidDataException($"log must be x, y or xy (was '{log}')");
        if (view.Smoothing is not (null or (>= 0 and < 1)))
            throw new InvalidDataException($"smooth must be at least 0 and below 1 (was {smooth})");
        if (view.From >= view.To)
            throw new InvalidDataException($"from must be less than to (was {from}; to is {to})");
        return view;
    }

    static double? Number(string? text, string name) => string.IsNullOrWhiteSpace(text) ? null
        : double.TryParse(text, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number
        : throw new InvalidDataException($"{name} must be a number (was '{text}')");

    /// <summary>The view in a sentence; empty for the default.</summary>
    public string Description => string.Join(", ", ((string?[])
    [
        Smoothing is { } weight ? $"smoothing {weight.ToString(CultureInfo.InvariantCulture)}" : null,
        HasLogX && HasLogY ? "logarithmic axes" : HasLogX ? "logarithmic steps" : HasLogY ? "logarithmic values" : null,
        From is null && To is null ? null : $"steps {From?.ToString(CultureInfo.InvariantCulture) ?? "0"} to "
            + $"{To?.ToString(CultureInfo.InvariantCulture) ?? "the last"}",
    ]).OfType<string>());

    /// <summary>The chart in this view.</summary>
    public Chart Apply(Chart chart) => chart with
    {
        View = this,
        Series = [.. chart.Series.Select(series => series with { Points = [.. series.Points.Where(IsShown)] })],
    };

    bool IsShown(Point point) =>
        !(point.X < From) && !(point.X > To) && (!HasLogX || point.X > 0) && (!HasLogY || point.Y > 0);

    /// <summary>An exponential moving average, corrected for its start at 0 as in Adam.</summary>
    internal static IReadOnlyList<Point> Smooth(IReadOnlyList<Point> points, double weight)
    {
        var (average, correction) = (0.0, 1.0);
        return [.. points.Select(point =>
        {
            average = weight * average + (1 - weight) * point.Y;
            correction *= weight;
            return point with { Y = average / (1 - correction) };
        })];
    }
}
