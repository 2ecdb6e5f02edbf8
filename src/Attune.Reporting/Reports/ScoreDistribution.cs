using Attune.Reporting.Charts;
using Attune.Reporting.Runs;
using MathNet.Numerics.Statistics;

namespace Attune.Reporting.Reports;

/// <summary>The distribution of the scores of held-out responses at a run's first evaluation and at its last.</summary>
static class ScoreDistribution
{
    const int Bins = 12;
    const int MinResponses = 20;

    /// <summary>The chart, or none where an evaluation has fewer than twenty scored responses or all scores are equal.</summary>
    public static IEnumerable<Chart> Create(IReadOnlyList<RecordedSample> samples)
    {
        var scores = samples.Where(sample => sample.Sample.Numbers.TryGetValue("score", out var score) && double.IsFinite(score))
            .GroupBy(sample => sample.Step, sample => sample.Sample.Numbers["score"]).OrderBy(group => group.Key)
            .Where(group => group.Count() >= MinResponses).ToList();
        if (scores.Count == 0)
            yield break;
        double[] first = [.. scores[0]], last = [.. scores[^1]];
        var (low, high) = (Math.Min(first.Min(), last.Min()), Math.Max(first.Max(), last.Max()));
        if (!(high > low))
            yield break;
        var after = Series($"step {scores[^1].Key}", last, low, high);
        yield return new(
            "Distribution of scores", "The share of held-out responses at each score. Healthy: the whole distribution moves up. A second "
            + "peak or a long lower tail shows prompts that a mean hides.",
            scores.Count == 1 ? [after] : [after, Series($"step {scores[0].Key}", first, low, high)])
        {
            XLabel = "score",
            YLabel = "% of responses",
            IsDistribution = true,
        };
    }

    /// <summary>The outline of a histogram with bins of equal width.</summary>
    static Series Series(string name, double[] scores, double low, double high)
    {
        var shares = new double[Bins];
        foreach (var score in scores)
            shares[Math.Min(Bins - 1, (int)((score - low) / (high - low) * Bins))] += 100.0 / scores.Length;
        Point[] outline = [.. shares.SelectMany((share, bin) => new Point[] { new(Edge(bin), share), new(Edge(bin + 1), share) })];
        return new(name, outline)
        {
            Band = [.. outline.Select(point => new Spread(point.X, 0, point.Y))],
            Summary = $"median {NumberFormat.Number(scores.Median())}, middle 80 % from {NumberFormat.Number(scores.Quantile(0.1))} to "
                + NumberFormat.Number(scores.Quantile(0.9)),
        };

        double Edge(int bin) => low + (high - low) * bin / Bins;
    }
}
