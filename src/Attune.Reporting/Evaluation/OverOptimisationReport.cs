using System.Text.Json.Nodes;
using Attune.Reporting.Charts;
using Attune.Reporting.Pages;

namespace Attune.Reporting.Evaluation;

/// <summary>
/// A report on over-optimisation: the gains of the reward and of the gold reward against √KL, in training and by best of n.
/// </summary>
/// <param name="Subject">The run or model.</param>
/// <param name="Training">A run's evaluations; null where there were none.</param>
/// <param name="BestOfN">Best of n on sampled responses.</param>
public sealed record OverOptimisationReport(string Subject, Frontier? Training, Frontier BestOfN)
{
    public ReportPage Page => new(
        "Over-optimisation", $"Score and gold reward against the KL from the initial policy: {Subject}.",
        [.. Parts.Select(Section)])
    {
        Facts = [.. Facts],
    };

    /// <summary>All numbers, as JSON.</summary>
    public JsonObject ToJson() => new()
    {
        ["subject"] = Subject,
        ["training"] = Training is null ? null : ToJson(Training),
        ["bestOfN"] = ToJson(BestOfN),
    };

    /// <summary>The tables and the fits, for a terminal.</summary>
    public IEnumerable<string> Lines
    {
        get
        {
            foreach (var frontier in Parts)
            {
                var table = Table(frontier);
                yield return frontier.Title;
                yield return string.Concat(table.Columns.Select(cell => $"{cell,12}"));
                foreach (var row in table.Rows)
                    yield return string.Concat(row.Select(cell => $"{cell,12}"));
                if (frontier.GoldFit is { } fit)
                    yield return $"gold reward: {fit.Formula}: {fit.Summary}";
                if (frontier.Best is { } best)
                    yield return $"best by gold reward: {frontier.Label} {best.Label}";
                yield return "";
            }
        }
    }

    IEnumerable<Frontier> Parts => Training is null ? [BestOfN] : [Training, BestOfN];

    static ReportTable Table(Frontier frontier) => new(
        frontier.Title, [frontier.Label, "KL, nats", "√KL", "Score", .. frontier.HasGoldReward ? ["Gold reward"] : Array.Empty<string>()],
        [.. frontier.Points.Select(point => (string[])
        [
            point.Label.ToString(), NumberFormat.Number(point.Kl), NumberFormat.Number(point.Distance), NumberFormat.Number(point.Score),
            .. point.GoldReward is { } gold ? [NumberFormat.Number(gold) + (point == frontier.Best ? " ▲" : "")] : Array.Empty<string>(),
        ])]);

    IEnumerable<Fact> Facts
    {
        get
        {
            if (Training?.Best is { } best)
                yield return new(
                    "Best checkpoint", $"step {best.Label}",
                    $"gold reward {NumberFormat.Number(best.GoldReward!.Value)} at a KL of {NumberFormat.Number(best.Kl)} nats, on "
                        + "held-out prompts");
            foreach (var (name, fit) in new[] { ("Peak of training", Training?.GoldFit), ("Peak of best of n", BestOfN.GoldFit) })
                if (fit is not null)
                    yield return new(
                        name,
                        fit.Peak is { } peak && !fit.PeakIsBeyond ? $"√KL {NumberFormat.Number(peak.X)}" : "not reached",
                        fit.Summary);
        }
    }

    /// <summary>Charts and a table of a frontier.</summary>
    internal static ReportSection Section(Frontier frontier) => new(frontier.Title)
    {
        Charts = frontier.Charts(),
        Tables = [Table(frontier)],
        Notes = frontier.HasGoldReward && frontier.GoldFit is null ? ["A fit needs at least three evaluations with a KL above 0."] : [],
    };

    static JsonObject ToJson(Frontier frontier) => new()
    {
        ["points"] = new JsonArray([.. frontier.Points.Select(point => new JsonObject
        {
            [frontier.Label] = point.Label,
            ["kl"] = point.Kl,
            ["distance"] = point.Distance,
            ["score"] = point.Score,
            ["gold"] = point.GoldReward,
        })]),
        ["best"] = frontier.Best?.Label,
        ["scoreFit"] = ToJson(frontier.ScoreFit),
        ["goldFit"] = ToJson(frontier.GoldFit),
    };

    static JsonObject? ToJson(GainFit? fit) => fit is null ? null : new()
    {
        ["law"] = fit.Law == GainLaw.BestOfN ? "R = d (a - b d)" : "R = d (a - b log d)",
        ["a"] = fit.A, ["b"] = fit.B, ["rSquared"] = double.IsFinite(fit.RSquared) ? fit.RSquared : null,
        ["peakDistance"] = fit.Peak?.X, ["peakGain"] = fit.Peak?.Y, ["peakIsBeyondMeasured"] = fit.Peak is null ? null : fit.PeakIsBeyond,
    };
}
