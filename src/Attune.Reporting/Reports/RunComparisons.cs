using Attune.Reporting.Charts;
using Attune.Reporting.Pages;
using Attune.Reporting.Runs;

namespace Attune.Reporting.Reports;

/// <summary>The answers of a run's first look at held-out prompts beside those of its last.</summary>
public static class RunComparisons
{
    /// <summary>
    /// Pairs the answers to the same prompt, the first with the first where a prompt stands there more than once. After a single
    /// look there is nothing to compare, and the answers stand alone.
    /// </summary>
    public static IReadOnlyList<BeforeAfter> FromSamples(IReadOnlyList<RecordedSample> samples)
    {
        if (samples.Count == 0)
            return [];
        var (first, last) = (samples.Min(sample => sample.Step), samples.Max(sample => sample.Step));
        var before = samples.Where(sample => first < last && sample.Step == first)
            .GroupBy(sample => sample.Sample.Prompt, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => new Queue<Sample>(group.Select(sample => sample.Sample)), StringComparer.Ordinal);
        return [.. samples.Where(sample => sample.Step == last).Select(sample => Compare(
            before.TryGetValue(sample.Sample.Prompt, out var earlier) && earlier.TryDequeue(out var match) ? match : null, sample.Sample))];
    }

    /// <summary>An answer before and after, with what is known about both and how the score has changed.</summary>
    public static BeforeAfter Compare(Sample? before, Sample after) =>
        new(after.Prompt, before is null ? null : Describe(before), Describe(after) with { Assessment = Judge(before, after) });

    static ReportedResponse Describe(Sample sample) => new(sample.Completion) { Captions = [.. sample.Numbers.Select(Caption).OfType<string>()] };

    static Assessment? Judge(Sample? before, Sample after)
    {
        if (before is null || !before.Numbers.TryGetValue("score", out var earlier) || !after.Numbers.TryGetValue("score", out var score))
            return null;
        var gain = score - earlier;
        if (Math.Abs(gain) < 0.005 || !double.IsFinite(gain))
            return null;
        return new($"score {(gain > 0 ? "+" : "")}{Rounded(gain)}", gain > 0);
    }

    static string Rounded(double value) => NumberFormat.Number(Math.Round(value, 2));

    static string? Caption(KeyValuePair<string, double> number) => number switch
    {
        ("length", 1) => "1 token",
        ("length", var length) => $"{NumberFormat.Number(length)} tokens",
        ("ended", 0) => "cut off at the greatest length",
        ("ended", _) => null,
        ("kl", var nats) => $"KL {Rounded(nats)} nats",
        var (name, value) => $"{name} {Rounded(value)}",
    };
}
