using Attune.Reporting.Charts;
using Attune.Reporting.Runs;

namespace Attune.Reporting.Evaluation;

/// <summary>The measurements of a policy on held-out prompts.</summary>
/// <param name="Label">The step, or n.</param>
/// <param name="Kl">The KL from the initial policy, in nats a response.</param>
/// <param name="Score">The mean of the reward that is optimised.</param>
/// <param name="GoldReward">The mean of the gold reward; null without one.</param>
public sealed record FrontierPoint(int Label, double Kl, double Score, double? GoldReward)
{
    /// <summary>√KL; an estimate below 0 is noise around 0.</summary>
    public double Distance => Math.Sqrt(Math.Max(Kl, 0));
}

/// <summary>Reward against √KL from the initial policy: of a run's evaluations, or of best of n.</summary>
/// <param name="Law">The functional form of its fits.</param>
/// <param name="Points">The measurements in order; the first is the initial policy.</param>
public sealed record Frontier(GainLaw Law, IReadOnlyList<FrontierPoint> Points)
{
    const int FitPoints = 60;

    /// <summary>"Best of n" or "Training".</summary>
    public string Title => Law == GainLaw.BestOfN ? "Best of n" : "Training";

    /// <summary>The name of the points' labels.</summary>
    public string Label => Law == GainLaw.BestOfN ? "n" : "step";

    public bool HasGoldReward => Points.All(point => point.GoldReward is not null);

    public IEnumerable<Point> ScoreGains => Points.Select(point => new Point(point.Distance, point.Score - Points[0].Score));

    public IEnumerable<Point> GoldGains => Points.Where(point => point.GoldReward is not null)
        .Select(point => new Point(point.Distance, point.GoldReward!.Value - Points[0].GoldReward!.Value));

    public GainFit? ScoreFit => GainFit.Fit(Law, ScoreGains);

    /// <summary>The fit of the gold reward.</summary>
    public GainFit? GoldFit => HasGoldReward ? GainFit.Fit(Law, GoldGains) : null;

    /// <summary>The point with the highest gold reward, the first of equals; null without gold rewards.</summary>
    public FrontierPoint? Best => HasGoldReward ? Points.MaxBy(point => point.GoldReward) : null;

    /// <summary>The evaluations of a run that have KL and score; null for fewer than two.</summary>
    public static Frontier? FromRun(RunRecord record)
    {
        var (kl, score, gold) = (PointsOf(record, "eval/kl"), PointsOf(record, "eval/score"), PointsOf(record, "eval/gold"));
        FrontierPoint[] points =
        [
            .. kl.Keys.Where(score.ContainsKey).Order().Select(step =>
                new FrontierPoint(step, kl[step], score[step], gold.TryGetValue(step, out var value) ? value : null)),
        ];
        return points.Length < 2 ? null : new(GainLaw.Training, points);
    }

    /// <summary>Charts of the gains of score and gold reward against √KL, and of the fit of the gold reward with its peak.</summary>
    public IReadOnlyList<Chart> Charts()
    {
        var of = Title.ToLowerInvariant();
        Series score = new("score", [.. ScoreGains]), gold = new("gold reward", [.. GoldGains]);
        if (Best is not { } best)
            return
            [
                Chart(
                    $"Score against √KL, {of}",
                    "The gain in score against the distance from the initial policy. A gold reward would show whether the gain is real.",
                    score),
            ];
        Series marked = new($"best: {Label} {best.Label}", [new(best.Distance, best.GoldReward!.Value - Points[0].GoldReward!.Value)]);
        var both = Chart(
            $"Score and gold reward against √KL, {of}",
            "Healthy: both rise. Where the gold reward falls while the score rises, the reward is over-optimised.", score, gold, marked);
        return GoldFit is { } fit
            ? [both, Chart(
                $"Fit of the gold reward, {of}", $"{fit.Formula}: {fit.Summary}.",
                [gold, new("fit", [.. Curve(fit)]), .. PeakOf(fit), marked])]
            : [both];
    }

    static Chart Chart(string title, string explanation, params IReadOnlyList<Series> series) =>
        new(title, explanation, series) { XLabel = "√KL", YLabel = "gain over the initial policy" };

    /// <summary>An extrapolated peak is not drawn: it would flatten the measured points.</summary>
    static IEnumerable<Series> PeakOf(GainFit fit) => fit.Peak is { } peak && !fit.PeakIsBeyond ? [new("peak of the fit", [peak])] : [];

    static IEnumerable<Point> Curve(GainFit fit) =>
        Enumerable.Range(0, FitPoints + 1).Select(i => fit.Furthest * i / FitPoints).Select(d => new Point(d, fit.At(d)));

    static Dictionary<int, double> PointsOf(RunRecord record, string metric) =>
        record.Metrics.FirstOrDefault(recorded => recorded.Name == metric)?.Points
            .GroupBy(point => (int)point.X).ToDictionary(group => group.Key, group => group.Last().Y) ?? [];
}
