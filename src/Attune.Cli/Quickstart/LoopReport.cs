using Attune.Quickstart;
using Attune.Reporting.Charts;
using Attune.Reporting.Pages;

namespace Attune.Cli.Quickstart;

/// <summary>The report of the quickstart: responses before and after PPO, then every stage.</summary>
static class LoopReport
{
    const int Shown = 24;

    public static void Write(string path, LoopResult result) => HtmlReport.Write(path, new(
        "Quickstart: RLHF from pretraining to PPO",
        "A language model was pretrained on texts of a hotel's front desk, fine-tuned on demonstrations, and tuned by PPO against a reward "
            + "model. The rankings were made by a simulated guest: a program with a documented taste.",
        [
            new("Responses before and after PPO")
            {
                Lead = $"The first {Shown} of {result.Pairs.Count} held-out prompts, with the simulated guest's assessments.",
                Samples = [.. result.Pairs.Take(Shown).Select(Compare)],
                SampleTitles = ("After fine-tuning", "After PPO"),
            },
            result.Pretrain.Section,
            result.Sft.Section,
            result.Reward.Section,
            result.Ppo.Section,
        ])
    {
        Facts =
        [
            new(
                "Good responses after PPO", NumberFormat.Percent(result.PreferredAfter),
                $"{NumberFormat.Percent(result.PreferredBefore)} before; held-out prompts, judged by the simulated guest without noise"),
            new("Win rate against before", NumberFormat.Percent(result.WinRate), "a tie counts half"),
            new(
                "Reward model", NumberFormat.Percent(result.Accuracy),
                $"accuracy on held-out pairs; the noise of the rankings allows {NumberFormat.Percent(result.Ceiling)}"),
            new("KL", $"{result.KlPerResponse:F1} nats", "a response, from the reference"),
            new("Time", NumberFormat.Duration(result.Time)),
        ],
    });

    static BeforeAfter Compare(JudgedPair pair) =>
        new(pair.Prompt, Judged(pair.Before, pair.JudgedBefore), Judged(pair.After, pair.JudgedAfter));

    static ReportedResponse Judged(string text, Judgement judgement) => new(text)
    {
        Assessment = new(judgement.Summary, judgement.IsGood),
        Captions = [$"{judgement.Score:F1} of 10 points"],
    };
}
