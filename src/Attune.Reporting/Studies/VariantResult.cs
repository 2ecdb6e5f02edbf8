using Attune.Reporting.Charts;
using Attune.Reporting.Reports;
using Attune.Reporting.Runs;

namespace Attune.Reporting.Studies;

/// <summary>The results of a variant's finished runs.</summary>
/// <param name="Variant">The variant.</param>
/// <param name="Records">The logs of the finished runs, one for each seed.</param>
/// <param name="Seeds">The number of seeds.</param>
public sealed record VariantResult(StudyVariant Variant, IReadOnlyList<RunRecord> Records, int Seeds)
{
    /// <summary>The last value of a metric in each run that has it.</summary>
    public double[] Last(string metric) => [.. Points(metric).Select(points => points[^1].Y)];

    /// <summary>The mean over the runs, with a band from minimum to maximum, at the steps at which all runs have a value.</summary>
    public Series Curve(string metric, string name, double scale)
    {
        Dictionary<double, double>[] runs = [.. Points(metric).Select(points =>
            points.GroupBy(point => point.X).ToDictionary(at => at.Key, at => at.Last().Y * scale))];
        double[] steps = runs.Length == 0 ? [] : [.. runs[0].Keys.Where(step => runs.All(run => run.ContainsKey(step))).Order()];
        return new(name, [.. steps.Select(step => new Point(step, runs.Average(run => run[step])))])
        {
            Band = runs.Length < 2
                ? []
                : [.. steps.Select(step => new Spread(step, runs.Min(run => run[step]), runs.Max(run => run[step])))],
        };
    }

    /// <summary>The mean of a metric against that of another, in the order of the steps at which all runs have both.</summary>
    public Series Path(Metric metric, Metric across, string name)
    {
        var positions = Curve(across.Name, name, across.Scale).Points.ToDictionary(point => point.X, point => point.Y);
        return new(name, [.. Curve(metric.Name, name, metric.Scale).Points
            .Where(point => positions.ContainsKey(point.X))
            .Select(point => point with { X = positions[point.X] })])
        {
            IsPath = true,
        };
    }

    IReadOnlyList<Point>[] Points(string metric) =>
        [.. Records.Select(record => record.Metrics.FirstOrDefault(found => found.Name == metric)?.Points).OfType<IReadOnlyList<Point>>()];
}
