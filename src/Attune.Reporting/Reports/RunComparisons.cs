using Attune.Reporting.Charts;
using Attune.Reporting.Pages;
using Attune.Reporting.Runs;

namespace Attune.Reporting.Reports;

/// <summary>Responses of a run's first evaluation on held-out prompts next to those of its last.</summary>
static class RunComparisons
{
    const double Negligible = 0.005;
    const int MaxInColumn = 12;
    const int MaxTogether = 24;

    /// <summary>
    /// The responses with the largest gains of the score next to those with the largest losses; without scores before and after, the
    /// first responses. None where there are no samples.
    /// </summary>
    public static IEnumerable<ReportSection> Create(IReadOnlyList<RecordedSample> samples)
    {
        var pairs = Pairs(samples);
        var scored = pairs.Where(pair => pair.Gain is not null).OrderBy(pair => pair.Gain).ToList();
        if (scored.Count > 0)
            yield return GainsAndLosses(scored);
        else if (pairs.Count > 0)
            yield return new("Responses")
            {
                Lead = "Responses of the model to held-out prompts.",
                Samples = [.. pairs.Take(MaxTogether).Select(Compare)],
            };
    }

    static ReportSection GainsAndLosses(List<SamplePair> scored)
    {
        SamplePair[] losses = [.. scored.Where(pair => pair.Gain < -Negligible)];
        SamplePair[] gains = [.. scored.Where(pair => pair.Gain > Negligible).Reverse()];
        return new("Responses, before and after")
        {
            Lead = $"The responses to {scored.Count:N0} held-out prompts before the first step and after the last, by the change of their "
                + "score.",
            Facts =
            [
                Share("Higher score", gains.Length, scored.Count),
                Share("Lower score", losses.Length, scored.Count),
                new("Mean change", Signed(scored.Average(pair => pair.Gain!.Value)), "points"),
            ],
            Columns =
            [
                new("Largest gains", [.. gains.Take(MaxInColumn).Select(Compare)]),
                new("Largest losses", [.. losses.Take(MaxInColumn).Select(Compare)]),
            ],
        };
    }

    static Fact Share(string label, int count, int total) => new(
        label, NumberFormat.Percent((double)count / total),
        $"{count:N0} of {total:N0} prompts, {NumberFormat.Interval((double)count / total, total)}");

    /// <summary>Pairs the responses to the same prompt, in order where a prompt occurs more than once.</summary>
    static IReadOnlyList<SamplePair> Pairs(IReadOnlyList<RecordedSample> samples)
    {
        if (samples.Count == 0)
            return [];
        var (first, last) = (samples.Min(sample => sample.Step), samples.Max(sample => sample.Step));
        var before = samples.Where(sample => first < last && sample.Step == first)
            .GroupBy(sample => sample.Sample.Prompt, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => new Queue<Sample>(group.Select(sample => sample.Sample)), StringComparer.Ordinal);
        return [.. samples.Where(sample => sample.Step == last).Select(sample => new SamplePair(
            before.TryGetValue(sample.Sample.Prompt, out var earlier) && earlier.TryDequeue(out var match) ? match : null, sample.Sample))];
    }

    static BeforeAfter Compare(SamplePair pair) => new(
        pair.After.Prompt, pair.Before is null ? null : Describe(pair.Before), Describe(pair.After) with { Assessment = Assess(pair) });

    static ReportedResponse Describe(Sample sample) =>
        new(sample.Completion) { Captions = [.. sample.Numbers.Select(Caption).OfType<string>()] };

    static Assessment? Assess(SamplePair pair) =>
        pair.Gain is { } gain && Math.Abs(gain) >= Negligible ? new($"score {Signed(gain)}", gain > 0) : null;

    static string Signed(double value) => (value > Negligible ? "+" : "") + Rounded(value);

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

    /// <summary>The responses to a prompt of two evaluations.</summary>
    sealed record SamplePair(Sample? Before, Sample After)
    {
        /// <summary>The change of the score; null where one of the scores is missing or not finite.</summary>
        public double? Gain =>
            Before is not null && Before.Numbers.TryGetValue("score", out var before) && After.Numbers.TryGetValue("score", out var after)
            && double.IsFinite(after - before)
                ? after - before
                : null;
    }
}
