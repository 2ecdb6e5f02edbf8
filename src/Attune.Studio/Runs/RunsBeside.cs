using Attune.Reporting.Charts;
using Attune.Reporting.Reports;
using Attune.Reporting.Runs;

namespace Attune.Studio.Runs;

/// <summary>Compares several runs.</summary>
/// <param name="Runs">Each run with its record and its recipe.</param>
sealed record RunsBeside(IReadOnlyList<(RunEntry Run, RunRecord Record, IReadOnlyDictionary<string, string> Recipe)> Runs)
{
    /// <summary>One chart for each important metric, with one curve for each run.</summary>
    public IReadOnlyList<Chart> Charts => [..
        from name in Names
        let metric = Meaning(name)
        where MetricGuide.Find(metric.DrawnWith ?? metric.Name, MethodOf(name)).Place == ChartPlace.Main
        select new Chart(metric.IsHeldOut ? $"{metric.Title}, held-out" : metric.Title, metric.IsHeldOut ? "" : metric.Meaning,
            [.. Runs.Select(run =>
                new Series(run.Run.Name, [.. PointsOf(run.Record, name).Select(point => point with { Y = point.Y * metric.Scale })]))])
        {
            YLabel = metric.Unit,
        }];

    /// <summary>The last value of every metric of any run, one for each run; null where a run does not have it.</summary>
    public IReadOnlyList<(Metric Metric, IReadOnlyList<string?> Values)> Last => [.. Names.Select(name =>
        (Meaning(name), (IReadOnlyList<string?>)[.. Runs.Select(run =>
            LastFigure.All(run.Record, run.Run.Method).FirstOrDefault(figure => figure.Metric.Name == name)?.Value)]))];

    /// <summary>The recipe keys in which the runs differ, with the value of each run; null where a recipe does not have the key.</summary>
    public IReadOnlyList<(string Key, IReadOnlyList<string?> Values)> Differences => [..
        from key in Runs.SelectMany(run => run.Recipe.Keys).Distinct(StringComparer.Ordinal)
        let values = (IReadOnlyList<string?>)[.. Runs.Select(run => run.Recipe.GetValueOrDefault(key))]
        where values.Distinct(StringComparer.Ordinal).Count() > 1
        select (key, values)];

    IEnumerable<string> Names => Runs.SelectMany(run => run.Record.Metrics.Select(metric => metric.Name)).Distinct(StringComparer.Ordinal)
        .OrderBy(name => Meaning(name).Rank);

    Metric Meaning(string name) => MetricGuide.Find(name, MethodOf(name));

    /// <summary>The point of the first run that has the metric.</summary>
    MethodDescription MethodOf(string name) => Runs.First(run => run.Record.Metrics.Any(metric => metric.Name == name)).Run.Method;

    static IReadOnlyList<Point> PointsOf(RunRecord record, string name) =>
        record.Metrics.FirstOrDefault(metric => metric.Name == name)?.Points ?? [];
}
