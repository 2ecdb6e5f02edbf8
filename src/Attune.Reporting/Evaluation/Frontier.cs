using Attune.Reporting.Charts;
using Attune.Reporting.Runs;

namespace Attune.Reporting.Evaluation;

/// <summary>What a look at held-out prompts has measured of a policy.</summary>
/// <param name="Label">The step, or n.</param>
/// <param name="Kl">Nats an answer from the start.</param>
/// <param name="Score">By the reward that is optimised.</param>
/// <param name="GoldReward">By a second reward; null without one.</param>
public sealed record FrontierPoint(int Label, double Kl, double Score, double? GoldReward)
{
    /// <summary>√KL; an estimate below 0 is noise around 0.</summary>
    public double Distance => Math.Sqrt(Math.Max(Kl, 0));
}

/// <summary>Reward against distance from the start: of a run's evaluations, or of the best of n.</summary>
/// <param name="Law">The form of its fits.</param>
/// <param name="Points">In order; the first is the start.</param>
public sealed record Frontier(GainLaw Law, IReadOnlyList<FrontierPoint> Points)
{
    const int FitPoints = 60;

    /// <summary>What was measured.</summary>
    public string Title => Law == GainLaw.BestOfN ? "Best of n" : "Training";

    /// <summary>What the points are numbered by.</summary>
    public string Label => Law == GainLaw.BestOfN ? "n" : "step";

    public bool HasGoldReward => Points.All(point => point.GoldReward is not null);

    public IEnumerable<Point> ScoreGains => Points.Select(point => new Point(point.Distance, point.Score - Points[0].Score));

    public IEnumerable<Point> GoldGains => Points.Where(point => point.GoldReward is not null)
        .Select(point => new Point(point.Distance, point.GoldReward!.Value - Points[0].GoldReward!.Value));

    public GainFit? ScoreFit => GainFit.Fit(Law, ScoreGains);

    /// <summary>The fit of the gold reward.</summary>
    public GainFit? GoldFit => HasGoldReward ? GainFit.Fit(Law, GoldGains) : null;

    /// <summary>The point with the highest gold reward, the first of equals; null without gold.</summary>
    public FrontierPoint? Best => HasGoldReward ? Points.MaxBy(point => point.GoldReward) : null;

    /// <summary>The evaluations of a run that have KL and score; null for fewer than two.</summary>
    public static Frontier? FromRun(RunRecord record)
    {
        var (kl, score, gold) = (PointsOf(record, "eval/kl"), PointsOf(record, "eval/score"), PointsOf(record, "eval/gold"));
        FrontierPoint[] points =
        [
            .. kl.Keys.Where(score.ContainsKey).Order().Select(step => new FrontierPoint(step, kl[step], score[step], gold.TryGetValue(step, out var value) ? value : null)),
        ];
        return points.Length < 2 ? null : new(GainLaw.Training, points);
    }

    /// <summary>Gains over the start against √KL: of score and gold reward, and the law that fits gold with its peak.</summary>
    public IReadOnlyList<Chart> Charts()
    {
        var of = Title.ToLowerInvariant();
        Series score = new("score", [.. ScoreGains]), gold = new("gold reward", [.. GoldGains]);
        if (Best is not { } best)
            return [Chart($"Score over distance, {of}", "What distance from the start buys. A second reward (gold) would show whether it is worth having.", score)];
        Series marked = new($"best: {Label} {best.Label}", [new(best.Distance, best.GoldReward!.Value - Points[0].GoldReward!.Value)]);
        var both = Chart(
            $"Score and gold reward over distance, {of}",
            "Healthy: both climb. Where gold turns down while the score goes on, the score is being exploited.", score, gold, marked);
        return GoldFit is { } fit
            ? [both, Chart($"What the gold reward follows, {of}", $"The law {fit.Formula}: {fit.Summary}.", [gold, new("fit", [.. Curve(fit)]), .. PeakOf(fit), marked])]
            : [both];
    }

    static Chart Chart(string title, string explanation, params IReadOnlyList<Series> series) =>
        new(title, explanation, series) { XLabel = "√KL", YLabel = "gain over the start, points" };

    /// <summary>A peak that is a guess is not drawn: it would press what was measured flat.</summary>
    static IEnumerable<Series> PeakOf(GainFit fit) => fit.Peak is { } peak && !fit.PeakIsBeyond ? [new("peak of the fit", [peak])] : [];

    static IEnumerable<Point> Curve(GainFit fit) =>
        Enumerable.Range(0, FitPoints + 1).Select(at => fit.Furthest * at / FitPoints).Select(d => new Point(d, fit.At(d)));

    static Dictionary<int, double> PointsOf(RunRecord record, string metric) =>
        record.Metrics.FirstOrDefault(found => found.Name == metric)?.Points.GroupBy(point => (int)point.X).ToDictionary(group => group.Key, group => group.Last().Y) ?? [];
}
