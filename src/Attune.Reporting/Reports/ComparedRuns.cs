using Attune.Reporting.Charts;
using Attune.Reporting.Pages;
using Attune.Reporting.Runs;

namespace Attune.Reporting.Reports;

/// <summary>A run in a comparison.</summary>
/// <param name="Name">The name of its curves.</param>
/// <param name="Method">The training method.</param>
/// <param name="Record">Its metrics.</param>
/// <param name="Recipe">The keys of its recipe with their values.</param>
public sealed record ComparedRun(
    string Name, MethodDescription Method, RunRecord Record, IReadOnlyDictionary<string, string> Recipe);

/// <summary>Compares any number of runs: one chart for each metric, with a curve for each run that has it.</summary>
/// <param name="Runs">The runs.</param>
/// <param name="View">How the curves are drawn.</param>
public sealed record ComparedRuns(IReadOnlyList<ComparedRun> Runs, ChartView View)
{
    /// <summary>The charts of the important metrics.</summary>
    public IReadOnlyList<Chart> Charts => [..
        from name in Names
        let metric = Meaning(name)
        where MetricGuide.IsMain(metric, MethodOf(name))
        select ChartOf(name)];

    /// <summary>The chart of a metric.</summary>
    public Chart ChartOf(string name)
    {
        var metric = Meaning(name);
        return View.Apply(new Chart(
            metric.IsHeldOut ? $"{metric.Title}, held-out" : metric.Title, metric.IsHeldOut ? "" : metric.Meaning,
            [.. Runs.Select(run =>
                new Series(run.Name, [.. PointsOf(run.Record, name).Select(point => point with { Y = point.Y * metric.Scale })]))])
        {
            YLabel = metric.Unit,
        });
    }

    /// <summary>The last value of every metric of any run, one for each run; null where a run does not have it.</summary>
    public IReadOnlyList<(Metric Metric, IReadOnlyList<string?> Values)> Last
    {
        get
        {
            var figures = Runs.Select(run => LastFigure.All(run.Record, run.Method)
                .ToDictionary(figure => figure.Metric.Name, figure => figure.Value, StringComparer.Ordinal)).ToList();
            return [.. Names.Select(name =>
                (Meaning(name), (IReadOnlyList<string?>)[.. figures.Select(values => values.GetValueOrDefault(name))]))];
        }
    }

    /// <summary>The recipe keys in which the runs differ, with the value of each run; null where a recipe does not have the key.</summary>
    public IReadOnlyList<(string Key, IReadOnlyList<string?> Values)> Differences => [..
        from key in Runs.SelectMany(run => run.Recipe.Keys).Distinct(StringComparer.Ordinal)
        let values = (IReadOnlyList<string?>)[.. Runs.Select(run => run.Recipe.GetValueOrDefault(key))]
        where values.Distinct(StringComparer.Ordinal).Count() > 1
        select (key, values)];

    /// <summary>The names of all metrics, the most important first.</summary>
    public IEnumerable<string> Names => Runs.SelectMany(run => run.Record.Metrics.Select(metric => metric.Name))
        .Distinct(StringComparer.Ordinal).OrderBy(name => Meaning(name).Rank);

    /// <summary>A report: curves, differences between the recipes, and last values.</summary>
    public ReportPage Page()
    {
        string[] names = [.. Runs.Select(run => run.Name)];
        return new($"{Runs.Count} runs", View.Description,
        [
            new("Curves") { Charts = Charts },
            new("Recipes and last values")
            {
                Tables =
                [
                    new("Differences between the recipes", ["Key", .. names], [.. Differences.Select(row => Row(row.Key, row.Values))]),
                    new("Last value of every metric", ["Metric", .. names], [.. Last.Select(row => Row(row.Metric.Name, row.Values))]),
                ],
            },
        ]);
    }

    static string[] Row(string head, IReadOnlyList<string?> values) => [head, .. values.Select(value => value ?? "–")];

    Metric Meaning(string name) => MetricGuide.Find(name, MethodOf(name));

    /// <summary>The method of the first run that has the metric.</summary>
    MethodDescription MethodOf(string name) => Runs.First(run => run.Record.Metrics.Any(metric => metric.Name == name)).Method;

    static IReadOnlyList<Point> PointsOf(RunRecord record, string name) =>
        record.Metrics.FirstOrDefault(metric => metric.Name == name)?.Points ?? [];
}
