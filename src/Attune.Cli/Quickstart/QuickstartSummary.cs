using Attune.Reporting.Charts;
using Spectre.Console;

namespace Attune.Cli.Quickstart;

/// <summary>What the quickstart ends with on the terminal: what was reached in words, answers side by side, and where to go on.</summary>
static class QuickstartSummary
{
    const int AnswersShown = 6;

    public static void Print(IAnsiConsole console, LoopResult result, string report, string summary)
    {
        console.WriteLine();
        console.Write(Reached(result));
        console.WriteLine();
        console.WriteLine($"The first {AnswersShown} of {result.Pairs.Count} held-out prompts, and what the simulated guest says of the answers:");
        console.Write(Answers(result));
        var writer = console.Profile.Out.Writer;               // does not wrap: paths and commands are to be copied
        console.WriteLine();
        writer.WriteLine($"The report, with curves and more answers:  {report}");
        writer.WriteLine($"The same figures for machines:              {summary}");
        writer.WriteLine($"""

            What to try next:
              attune generate {result.Ppo.Model} "Guest: Could we have two more pillows?\nDesk:"
              attune sft recipes/sft.yaml model={result.Pretrain.Model} data.train=YOUR-ANSWERS.jsonl
              attune reward model={result.Sft.Model} data.train=YOUR-RANKINGS.jsonl
              attune recipe ppo            every key of a recipe, with its meaning
            """);
    }

    static Table Reached(LoopResult result)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("stage", "what it reached");
        table.AddRow("pretraining", $"loss {result.PretrainLoss.First:F2} → {result.PretrainLoss.Last:F2} on texts it had not seen");
        table.AddRow("fine-tuning", $"loss {result.SftLoss.First:F2} → {result.SftLoss.Last:F2} on answers it had not seen; {NumberFormat.Percent(result.PreferredBefore)} of its own answers are good");
        table.AddRow("reward model", $"{NumberFormat.Percent(result.Accuracy)} of unseen pairs in the order of the simulated guest, whose noise allows {NumberFormat.Percent(result.Ceiling)}");
        table.AddRow("PPO", $"{NumberFormat.Percent(result.PreferredAfter)} of its answers are good; it wins {NumberFormat.Percent(result.WinRate)} against before, {result.KlPerResponse:F1} nats away");
        table.AddRow("all", $"{NumberFormat.Duration(result.Time)}; good is what the simulated guest's taste calls good, on {result.Pairs.Count} prompts never trained on");
        return table;
    }

    static Table Answers(LoopResult result)
    {
        var table = new Table().Border(TableBorder.Simple).ShowRowSeparators().AddColumns("guest", "before PPO", "after PPO");
        foreach (var pair in result.Pairs.Take(AnswersShown))
            table.AddRow(Text(Request(pair.Prompt)), Text($"{pair.Before.Trim()}\n[{pair.JudgedBefore.Summary}]"), Text($"{pair.After.Trim()}\n[{pair.JudgedAfter.Summary}]"));
        return table;
    }

    /// <summary>The guest's own words in a prompt.</summary>
    static string Request(string prompt) => prompt.Replace("Guest: ", "", StringComparison.Ordinal).Replace("\nDesk:", "", StringComparison.Ordinal);

    static string Text(string text) => Markup.Escape(VisibleText.Escape(text));
}
