using Attune.Reporting.Charts;
using Attune.Reporting.Reports;
using Attune.Reporting.Runs;

namespace Attune.Studio.Runs;

/// <summary>A metric where it was last measured, in words.</summary>
/// <param name="Metric">What it is.</param>
/// <param name="Value">With its unit where that is a sign.</param>
public sealed record LastFigure(Metric Metric, string Value)
{
    public string Title => Metric.IsHeldOut ? $"{Metric.Title}, held-out" : Metric.Title;

    /// <summary>All figures of a run, the most important first.</summary>
    public static IReadOnlyList<LastFigure> All(RunRecord record, MethodDescription method) => [.. record.Metrics
        .Select(metric => Of(metric, MetricGuide.Find(metric.Name, method)))
        .OrderBy(figure => figure.Metric.Rank)];

    /// <summary>One figure of each main chart: held-out where there is such a one.</summary>
    public static IEnumerable<LastFigure> Main(RunRecord record, MethodDescription method) => All(record, method)
        .GroupBy(figure => figure.Metric.DrawnWith ?? figure.Metric.Name, StringComparer.Ordinal)
        .Where(group => MetricGuide.Find(group.Key, method).Place == ChartPlace.Main)
        .Select(group => group.FirstOrDefault(figure => figure.Metric.IsHeldOut) ?? group.First());

    static LastFigure Of(RecordedMetric recorded, Metric metric) => new(metric, metric.WithSign(NumberFormat.Number(recorded.Points[^1].Y * metric.Scale)));
}
