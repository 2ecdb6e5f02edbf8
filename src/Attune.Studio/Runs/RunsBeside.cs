using Attune.Reporting.Charts;
using Attune.Reporting.Reports;
using Attune.Reporting.Runs;

namespace Attune.Studio.Runs;

/// <summary>Several runs beside each other.</summary>
/// <param name="Runs">Each with what it wrote and its recipe.</param>
sealed record RunsBeside(IReadOnlyList<(RunEntry Run, RunRecord Record, IReadOnlyDictionary<string, string> Recipe)> Runs)
{
    /// <summary>A chart for each metric that matters, with a curve for each run.</summary>
    public IReadOnlyList<Chart> Charts => [..
        from name in Names
        let metric = Meaning(name)
        where MetricGuide.Find(metric.DrawnWith ?? metric.Name, MethodOf(name)).Place == ChartPlace.Main
        select new Chart(metric.IsHeldOut ? $"{metric.Title}, held-out" : metric.Title, metric.IsHeldOut ? "" : metric.Meaning,
            [.. Runs.Select(run => new Series(run.Run.Name, [.. PointsOf(run.Record, name).Select(point => point with { Y = point.Y * metric.Scale })]))])
        {
            YLabel = metric.Unit,
        }];

    /// <summary>The last value of every figure that some run has, one for each run; null where it has none.</summary>
    public IReadOnlyList<(Metric Metric, IReadOnlyList<string?> Values)> Last => [.. Names.Select(name =>
        (Meaning(name), (IReadOnlyList<string?>)[.. Runs.Select(run => LastFigure.All(run.Record, run.Run.Method).FirstOrDefault(figure => figure.Metric.Name == name)?.Value)]))];

    /// <summary>The keys of the recipes in which the runs differ, with the value of each run; null where a recipe has no such key.</summary>
    public IReadOnlyList<(string Key, IReadOnlyList<string?> Values)> Differences => [..
        from key in Runs.SelectMany(run => run.Recipe.Keys).Distinct(StringComparer.Ordinal)
        let values = (IReadOnlyList<string?>)[.. Runs.Select(run => run.Recipe.GetValueOrDefault(key))]
        where values.Distinct(StringComparer.Ordinal).Count() > 1
        select (key, values)];

    IEnumerable<string> Names => Runs.SelectMany(run => run.Record.Metrics.Select(metric => metric.Name)).Distinct(StringComparer.Ordinal).OrderBy(name => Meaning(name).Rank);

    Metric Meaning(string name) => MetricGuide.Find(name, MethodOf(name));

    /// <summary>Of the first run that has the metric.</summary>
    MethodDescription MethodOf(string name) => Runs.First(run => run.Record.Metrics.Any(metric => metric.Name == name)).Run.Method;

    static IReadOnlyList<Point> PointsOf(RunRecord record, string name) => record.Metrics.FirstOrDefault(metric => metric.Name == name)?.Points ?? [];
}
