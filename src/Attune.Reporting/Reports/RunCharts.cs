using Attune.Reporting.Charts;
using Attune.Reporting.Pages;
using Attune.Reporting.Runs;

namespace Attune.Reporting.Reports;

/// <summary>The metrics of a run as charts, the most important first; related metrics share a chart.</summary>
public sealed class RunCharts
{
    readonly Group[] groups;

    public RunCharts(RunRecord record, MethodDescription method)
    {
        groups = [.. record.Metrics
            .Select(metric => (Metric: MetricGuide.Find(metric.Name, method), metric.Points))
            .GroupBy(item => item.Metric.DrawnWith ?? item.Metric.Name, StringComparer.Ordinal)
            .Select(group => new Group(
                MetricGuide.Find(group.Key, method),
                [.. group.OrderBy(item => item.Metric.Rank).ThenBy(item => item.Metric.IsHeldOut)]))
            .OrderBy(group => group.Metric.Rank)];
    }

    public IReadOnlyList<Chart> Main => [.. In(ChartPlace.Main).Select(group => group.Chart)];

    public IReadOnlyList<Chart> Folded => [.. In(ChartPlace.Folded).Select(group => group.Chart)];

    /// <summary>The first and last values of the main metrics: of the held-out ones where there are at least two evaluations.</summary>
    public IEnumerable<Fact> Facts => In(ChartPlace.Main).Select(group => group.Fact).OfType<Fact>();

    IEnumerable<Group> In(ChartPlace place) => groups.Where(group => group.Metric.Place == place);

    /// <param name="Metric">The metric that names the chart.</param>
    /// <param name="Members">All metrics that are drawn in it.</param>
    sealed record Group(Metric Metric, (Metric Metric, IReadOnlyList<Point> Points)[] Members)
    {
        public Chart Chart => new(Metric.Title, Metric.Meaning, [.. Members.Select(member => Scaled(member.Metric, member.Points))])
        {
            YLabel = Metric.Unit,
        };

        public Fact? Fact
        {
            get
            {
                var (metric, points) = Members.FirstOrDefault(member => member.Metric.IsHeldOut && member.Points.Count > 1, Members[0]);
                var curve = new Curve(Scaled(metric, points));
                if (curve.Trend.Count < 2)
                    return null;
                var about = metric.IsHeldOut ? "held-out" : "training";
                var explanation = Metric.Unit is "" or "%" ? about : $"{about}, {Metric.Unit}";
                return new(Metric.Title, $"{metric.WithSign(curve.First)} → {metric.WithSign(curve.Last)}", explanation);
            }
        }

        static Series Scaled(Metric metric, IReadOnlyList<Point> points) =>
            new(metric.Series, [.. points.Select(point => point with { Y = point.Y * metric.Scale })]);
    }
}
