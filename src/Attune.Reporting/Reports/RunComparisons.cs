using Attune.Reporting.Charts;
using Attune.Reporting.Pages;
using Attune.Reporting.Runs;

namespace Attune.Reporting.Reports;

/// <summary>Responses of a run's first evaluation on held-out prompts next to those of its last.</summary>
public static class RunComparisons
{
    /// <summary>
    /// Pairs the responses to the same prompt, in order where a prompt occurs more than once. After a single evaluation the responses are
    /// shown
    /// alone.
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

    /// <summary>A response before and after, with captions for both and the change of the score.</summary>
    public static BeforeAfter Compare(Sample? before, Sample after) =>
        new(after.Prompt, before is null ? null : Describe(before), Describe(after) with { Assessment = AssessScore(before, after) });

    static ReportedResponse Describe(Sample sample) =>
        new(sample.Completion) { Captions = [.. sample.Numbers.Select(Caption).OfType<string>()] };

    static Assessment? AssessScore(Sample? before, Sample after)
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
        ("ended", 0) => "cut off at the maximum length",
        ("ended", _) => null,
        ("kl", var kl) => $"KL {Rounded(kl)} nats",
        var (name, value) => $"{name} {Rounded(value)}",
    };
}
