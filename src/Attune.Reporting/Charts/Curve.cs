namespace Attune.Reporting.Charts;

/// <summary>The points of a series as they are drawn: finite, sorted unless it is a path, and smoothed where they are noisy.</summary>
public sealed class Curve
{
    /// <summary>Larger values are errors and not measurements, and would flatten the rest of the curve.</summary>
    const double MaxValue = 1e100;

    const double Negligible = 1e-4;

    const int MinPointsToSmooth = 30;
    const int SmoothedShare = 20;

    /// <summary>A curve whose total variation is more than this many times its height is noise around a trend.</summary>
    const double NoisyVariation = 4;

    readonly string? summary;

    /// <param name="series">The series.</param>
    /// <param name="smoothing">The weight of an exponential moving average; null to smooth noisy curves.</param>
    public Curve(Series series, double? smoothing = null)
    {
        (Name, summary) = (series.Name, series.Summary);
        var finite = series.Points.Where(point => double.IsFinite(point.X) && Math.Abs(point.Y) <= MaxValue);
        Raw = [.. series.IsPath ? finite : finite.OrderBy(point => point.X)];
        Spread[] band = [.. series.Band
            .Where(at => double.IsFinite(at.X) && Math.Abs(at.Low) <= MaxValue && Math.Abs(at.High) <= MaxValue)
            .OrderBy(at => at.X)];
        Outline = [.. band.Select(at => new Point(at.X, at.High)), .. band.Reverse().Select(at => new Point(at.X, at.Low))];
        if (smoothing is { } weight)
        {
            IsNoisy = weight > 0 && Raw.Count > 1 && !series.IsPath;
            Trend = IsNoisy ? ChartView.Smooth(Raw, weight) : Raw;
            return;
        }
        IsNoisy = !series.IsPath
            && Raw.Count >= MinPointsToSmooth
            && TotalVariation(Raw) > NoisyVariation * (Raw.Max(point => point.Y) - Raw.Min(point => point.Y));
        Trend = IsNoisy ? Smooth(Raw, Math.Max(1, Raw.Count / SmoothedShare)) : Raw;
    }

    public string Name { get; }

    /// <summary>The first value of the trend, as text.</summary>
    public string First => Format(Trend[0].Y);

    /// <summary>The last value of the trend, as text.</summary>
    public string Last => Format(Trend[^1].Y);

    /// <summary>The summary of the series, else "4.21 → 1.93", or a single value.</summary>
    public string Summary => summary ?? (Trend.Count == 1 ? First : $"{First} → {Last}");

    /// <summary>A value of the curve, as text.</summary>
    public string ValueAt(Point point) => Format(point.Y);

    /// <summary>The measured points.</summary>
    public IReadOnlyList<Point> Raw { get; }

    /// <summary>The outline of the band: the upper side from left to right, then the lower side back.</summary>
    public IReadOnlyList<Point> Outline { get; }

    /// <summary>Whether <see cref="Trend"/> differs from <see cref="Raw"/>.</summary>
    public bool IsNoisy { get; }

    /// <summary>The smoothed curve where it is noisy, else the measured points.</summary>
    public IReadOnlyList<Point> Trend { get; }

    /// <summary>
    /// At most four points of each column: the first, the lowest, the highest and the last, so that spikes are kept.
    /// </summary>
    public static IReadOnlyList<Point> Thin(IReadOnlyList<Point> points, int columns)
    {
        if (points.Count <= 4 * columns)
            return points;
        var (first, width) = (points[0].X, points[^1].X - points[0].X);
        return [.. points.Index().GroupBy(item => width > 0 ? (int)((item.Item.X - first) / width * columns) : 0).SelectMany(Extremes)];
    }

    /// <summary>
    /// A moving average with triangular weights: a box of 2 · half + 1 points, applied twice. Boxes are narrow at the beginning, where
    /// curves
    /// are steep and the first value matters, and are cut at both ends.
    /// </summary>
    public static IReadOnlyList<Point> Smooth(IReadOnlyList<Point> points, int half)
    {
        var values = Box(Box([.. points.Select(point => point.Y)], half), half);
        return [.. points.Select((point, at) => point with { Y = values[at] })];
    }

    /// <summary>Shows rounding errors as 0: next to a KL of 4 nats, a millionth is 0.</summary>
    string Format(double value) =>
        NumberFormat.Number(Math.Abs(value) < Negligible * Raw.Max(point => Math.Abs(point.Y)) ? 0 : value);

    static IEnumerable<Point> Extremes(IGrouping<int, (int Index, Point Item)> column)
    {
        var all = column.ToArray();
        (int Index, Point Item)[] kept = [all[0], all.MinBy(item => item.Item.Y), all.MaxBy(item => item.Item.Y), all[^1]];
        return kept.DistinctBy(item => item.Index).OrderBy(item => item.Index).Select(item => item.Item);
    }

    static double[] Box(double[] values, int half)
    {
        var sums = new double[values.Length + 1];
        for (var i = 0; i < values.Length; i++)
            sums[i + 1] = sums[i] + values[i];
        return [.. values.Select((_, at) =>
        {
            var reach = Math.Min(half, 2 + at / 3);
            var (from, to) = (Math.Max(0, at - reach), Math.Min(values.Length, at + reach + 1));
            return (sums[to] - sums[from]) / (to - from);
        })];
    }

    static double TotalVariation(IReadOnlyList<Point> points) => points.Zip(points.Skip(1), (one, next) => Math.Abs(next.Y - one.Y)).Sum();
}
