using Attune.Data.Agreement;
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
        var metrics = record.Metrics.ToDictionary(metric => metric.Name, metric => metric.Points, StringComparer.Ordinal);
        var estimator = MetricGuide.KlEstimatorOf(record);
        groups = [.. record.Metrics
            .Select(metric => Describe(metric, method, metrics, estimator))
            .GroupBy(member => member.Metric.DrawnWith ?? member.Metric.Name, StringComparer.Ordinal)
            .Select(group => new Group(
                WithEstimator(MetricGuide.Find(group.Key, method), estimator),
                [.. group.OrderBy(member => member.Metric.Rank).ThenBy(member => member.Metric.IsHeldOut)]))
            .OrderBy(group => group.Metric.Rank)];
    }

    public IReadOnlyList<Chart> Main => [.. In(ChartPlace.Main).Select(group => group.Chart)];

    public IReadOnlyList<Chart> Folded => [.. In(ChartPlace.Folded).Select(group => group.Chart)];

    /// <summary>The first and last values of the main metrics: of the held-out ones where there are at least two evaluations.</summary>
    public IEnumerable<Fact> Facts => In(ChartPlace.Main).Select(group => group.Fact).OfType<Fact>();

    IEnumerable<Group> In(ChartPlace place) => groups.Where(group => group.Metric.Place == place);

    static Member Describe(
        RecordedMetric recorded, MethodDescription method, Dictionary<string, IReadOnlyList<Point>> metrics, string? estimator)
    {
        var metric = MetricGuide.Find(recorded.Name, method);
        metric = metric.Name switch
        {
            MetricGuide.Kl when estimator is not null => metric with { Series = $"{metric.Series}, {estimator}" },
            MetricGuide.HeldOutKl => metric with { Series = $"{metric.Series}, {MetricGuide.HeldOutKlEstimator}" },
            _ => metric,
        };
        if (metrics.TryGetValue($"{metric.Name}_p10", out var low) && metrics.TryGetValue($"{metric.Name}_p90", out var high))
            return new(metric, recorded.Points, Between(low, high), "The band holds the middle 80 % of the held-out scores.");
        return metric is { IsHeldOut: true, Unit: "%" } && metrics.TryGetValue(MetricGuide.HeldOutExamples, out var examples)
            ? new(metric, recorded.Points, Intervals(recorded.Points, examples), "The band is the 95 % interval of the held-out share.")
            : new(metric, recorded.Points, [], "");
    }

    static Metric WithEstimator(Metric metric, string? estimator) => metric.Name == MetricGuide.Kl && estimator is not null
        ? metric with
        {
            Meaning = $"{metric.Meaning} The estimator of training is {estimator}: {MetricGuide.FormulaOf(estimator)}, summed over the "
                + $"tokens of a response; that of evaluations is {MetricGuide.HeldOutKlEstimator}.",
        }
        : metric;

    static IReadOnlyList<Spread> Between(IReadOnlyList<Point> low, IReadOnlyList<Point> high) =>
        [.. low.Join(high, point => point.X, point => point.X, (one, other) => new Spread(one.X, one.Y, other.Y))];

    /// <summary>
    /// Wilson's intervals of held-out shares. An example counts as one trial, also where it has several pairs or tokens, which are not
    /// independent; so the intervals are wide enough, and too wide where an example says more than one trial does.
    /// </summary>
    static IReadOnlyList<Spread> Intervals(IReadOnlyList<Point> shares, IReadOnlyList<Point> examples)
    {
        var counts = examples.GroupBy(point => point.X).ToDictionary(group => group.Key, group => group.Last().Y);
        return [.. shares.Where(point => point.Y is >= 0 and <= 1 && counts.GetValueOrDefault(point.X) > 0).Select(point =>
        {
            var (low, high) = Proportion.Wilson(point.Y, counts[point.X]);
            return new Spread(point.X, low, high);
        })];
    }

    /// <param name="Metric">The metric that names the chart.</param>
    /// <param name="Members">All metrics that are drawn in it.</param>
    sealed record Group(Metric Metric, Member[] Members)
    {
        public Chart Chart => new(Metric.Title, Explanation, [.. Members.Select(member => member.Series)])
        {
            YLabel = Metric.Unit,
            LeastSpan = Metric.LeastSpan,
        };

        string Explanation => Members.FirstOrDefault(member => member.Band.Count > 0) is { } banded
            ? $"{Metric.Meaning} {banded.BandMeaning}"
            : Metric.Meaning;

        public Fact? Fact
        {
            get
            {
                var member = Members.FirstOrDefault(member => member.Metric.IsHeldOut && member.Points.Count > 1, Members[0]);
                var curve = new Curve(member.Series);
                return curve.Trend.Count < 2
                    ? null
                    : new(
                        Metric.Title, $"{member.Metric.WithSign(curve.First)} → {member.Metric.WithSign(curve.Last)}", About(member));
            }
        }

        string About(Member member) => string.Join(", ", ((string[])
        [
            member.Metric.IsHeldOut ? "held-out" : "training",
            Metric.Unit is "%" ? "" : Metric.Unit,
            member.Interval,
        ]).Where(part => part.Length > 0));
    }

    /// <param name="Metric">The metric.</param>
    /// <param name="Points">Its values.</param>
    /// <param name="Band">Ranges around them; empty for none.</param>
    /// <param name="BandMeaning">What the ranges are, in a sentence.</param>
    sealed record Member(Metric Metric, IReadOnlyList<Point> Points, IReadOnlyList<Spread> Band, string BandMeaning)
    {
        public Series Series => new(Metric.Series, [.. Points.Select(point => point with { Y = point.Y * Metric.Scale })])
        {
            Band = [.. Band.Select(at => new Spread(at.X, at.Low * Metric.Scale, at.High * Metric.Scale))],
        };

        /// <summary>The interval of the last share, as text; empty for other metrics.</summary>
        public string Interval => Metric.Unit == "%" && Band.Count > 0
            ? $"95 % interval {NumberFormat.Range(Band[^1].Low, Band[^1].High)}"
            : "";
    }
}
