using Attune.Quickstart;
using Attune.Reporting.Charts;
using Attune.Reporting.Pages;

namespace Attune.Cli.Quickstart;

/// <summary>One page about the whole loop: answers side by side, then every stage.</summary>
static class LoopReport
{
    const int Shown = 24;

    public static void Write(string path, LoopResult result) => HtmlReport.Write(path, new(
        "From text to answers that people prefer",
        "A language model learned the language of a hotel's front desk, then to answer, then to answer as guests like it. "
            + "Who ranked is a simulated guest: a program with a documented taste.",
        [
            new("Answers, before and after PPO")
            {
                Lead = $"The first {Shown} of {result.Pairs.Count} prompts that no stage was trained on. The verdicts are the simulated guest's.",
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
            new("Good answers, after PPO", NumberFormat.Percent(result.PreferredAfter), $"{NumberFormat.Percent(result.PreferredBefore)} before, on held-out prompts, by the simulated guest's taste without noise"),
            new("Won against before", NumberFormat.Percent(result.WinRate), "a tie counts half"),
            new("Reward model", NumberFormat.Percent(result.Accuracy), $"of held-out pairs in order; the noise of the rankings allows {NumberFormat.Percent(result.Ceiling)}"),
            new("KL", $"{result.KlPerResponse:F1} nats", "an answer, from where PPO began"),
            new("Time", NumberFormat.Duration(result.Time)),
        ],
    });

    static BeforeAfter Compare(JudgedPair pair) => new(pair.Prompt, Judged(pair.Before, pair.JudgedBefore), Judged(pair.After, pair.JudgedAfter));

    static ReportedResponse Judged(string text, Judgement judgement) => new(text)
    {
        Assessment = new(judgement.Summary, judgement.IsGood),
        Captions = [$"{judgement.Score:F1} of 10 points"],
    };
}
