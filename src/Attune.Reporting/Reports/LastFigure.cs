using Attune.Reporting.Charts;
using Attune.Reporting.Runs;

namespace Attune.Reporting.Reports;

/// <summary>The last value of a metric, as text.</summary>
/// <param name="Metric">The metric.</param>
/// <param name="Value">The value, with its unit where that is a symbol.</param>
public sealed record LastFigure(Metric Metric, string Value)
{
    public string Title => Metric.IsHeldOut ? $"{Metric.Title}, held-out" : Metric.Title;

    /// <summary>The last values of all metrics of a run, the most important first.</summary>
    public static IReadOnlyList<LastFigure> All(RunRecord record, MethodDescription method) => [.. record.Metrics
        .Select(metric => Of(metric, MetricGuide.Find(metric.Name, method)))
        .OrderBy(figure => figure.Metric.Rank)];

    /// <summary>One metric of each main chart, held-out where there is one.</summary>
    public static IEnumerable<LastFigure> Main(RunRecord record, MethodDescription method) => All(record, method)
        .GroupBy(figure => figure.Metric.DrawnWith ?? figure.Metric.Name, StringComparer.Ordinal)
        .Where(group => MetricGuide.Find(group.Key, method).Place == ChartPlace.Main)
        .Select(group => group.FirstOrDefault(figure => figure.Metric.IsHeldOut) ?? group.First());

    static LastFigure Of(RecordedMetric recorded, Metric metric) =>
        new(metric, metric.WithSign(NumberFormat.Number(recorded.Points[^1].Y * metric.Scale)));
}
