using Attune.Quickstart;
using Attune.Reporting.Charts;
using Attune.Reporting.Pages;
using Attune.Reporting.Reports;

namespace Attune.Cli.Quickstart;

/// <summary>The report of the quickstart: PPO and its responses before and after, then the stages before it.</summary>
static class LoopReport
{
    const int ShownInColumn = 12;

    public static void Write(string path, LoopResult result) => HtmlReport.Write(path, new(
        "Quickstart: RLHF from pretraining to PPO",
        "A language model was pretrained on texts of a hotel's front desk, fine-tuned on demonstrations, and tuned by PPO against a reward "
            + "model. The rankings were made by a simulated guest: a program with a documented taste.",
        [
            result.Ppo.Section,
            new("Responses before and after PPO")
            {
                Lead = $"The first responses to {result.Prompts} held-out prompts, by the change of the simulated guest's points.",
                Columns =
                [
                    new("Largest gains", [.. result.FirstPairs.OrderByDescending(Gain).TakeWhile(pair => Gain(pair) > 0).Take(ShownInColumn)
                        .Select(Compare)]),
                    new("Largest losses", [.. result.FirstPairs.OrderBy(Gain).TakeWhile(pair => Gain(pair) < 0).Take(ShownInColumn)
                        .Select(Compare)]),
                ],
                SampleTitles = ("After fine-tuning", "After PPO"),
            },
            result.Pretrain.Section,
            result.Sft.Section,
            result.Reward.Section,
        ])
    {
        Facts =
        [
            new(
                "Good responses after PPO", NumberFormat.Percent(result.PreferredAfter),
                $"{NumberFormat.Interval(result.PreferredAfter, result.Prompts)}; {NumberFormat.Percent(result.PreferredBefore)} before; "
                    + "held-out prompts, judged by the simulated guest without noise"),
            new(
                "Win rate against before", NumberFormat.Percent(result.WinRate),
                $"{NumberFormat.Interval(result.WinRate, result.Prompts)}; a tie counts half"),
            new(
                "Reward model", NumberFormat.Percent(result.Accuracy),
                $"{Interval(result)}accuracy on held-out pairs; the noise of the rankings allows {NumberFormat.Percent(result.Ceiling)}"),
            new("KL", $"{NumberFormat.Fixed(result.KlPerResponse, 1)} nats", "a response, from the reference (k1)"),
            new("Time", NumberFormat.Duration(result.Time)),
        ],
    });

    /// <summary>The interval of the reward model's accuracy; empty where the run did not log how many prompts it was measured on.</summary>
    static string Interval(LoopResult result) => result.Reward.Last(MetricGuide.HeldOutExamples) is { } prompts
        ? NumberFormat.Interval(result.Accuracy, prompts) + "; "
        : "";

    static double Gain(JudgedPair pair) => pair.JudgedAfter.Score - pair.JudgedBefore.Score;

    static BeforeAfter Compare(JudgedPair pair) =>
        new(pair.Prompt, Judged(pair.Before, pair.JudgedBefore), Judged(pair.After, pair.JudgedAfter));

    static ReportedResponse Judged(string text, Judgement judgement) => new(text)
    {
        Assessment = new(judgement.Summary, judgement.IsGood),
        Captions = [$"{NumberFormat.Fixed(judgement.Score, 1)} of 10 points"],
    };
}
