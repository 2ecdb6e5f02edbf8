using Attune.Reporting.Charts;
using Spectre.Console;

namespace Attune.Cli.Quickstart;

/// <summary>The last output of the quickstart: results, responses before and after PPO, and what to try next.</summary>
static class QuickstartSummary
{
    const int ResponsesShown = 6;

    public static void Print(IAnsiConsole console, LoopResult result, string report, string summary)
    {
        console.WriteLine();
        console.Write(Results(result));
        console.WriteLine();
        console.WriteLine($"The first {ResponsesShown} of {result.Prompts} held-out prompts, with the simulated guest's assessments:");
        console.Write(Responses(result));
        var writer = console.Profile.Out.Writer;               // does not wrap, so that paths and commands can be copied
        console.WriteLine();
        writer.WriteLine($"Report, with curves and more responses:  {report}");
        writer.WriteLine($"Results as JSON:                          {summary}");
        writer.WriteLine("\nWhat to try next:");
        foreach (var (command, meaning) in NextCommands(ProgramName.Current, result.Sft.Model, result.Reward.Model, result.Ppo.Model))
            writer.WriteLine($"  {command}{(meaning.Length > 0 ? $"     # {meaning}" : "")}");
        writer.WriteLine("To train on your own data, name your files instead of those in data/frontdesk; README.md lists the fields.");
    }

    /// <summary>Commands to try after the quickstart, with what they do.</summary>
    internal static IEnumerable<(string Command, string Meaning)> NextCommands(string attune, string sft, string reward, string ppo) =>
    [
        ($"{attune} generate {ppo} \"Guest: Could we have two more pillows?\\nDesk:\"", ""),
        ($"{attune} evaluate reward {reward} data/frontdesk/rankings-heldout.jsonl", ""),
        ($"{attune} dpo model={sft} data.train=data/frontdesk/pairs.jsonl learningRate=2e-4", ""),
        ($"{attune} studio", "a page on which people rank responses and runs are shown"),
        ($"{attune} recipe ppo", "every key of a recipe, with its default and meaning"),
    ];

    static Table Results(LoopResult result)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("stage", "result");
        table.AddRow("pretraining", $"loss {result.PretrainLoss.First:F2} → {result.PretrainLoss.Last:F2} on held-out texts");
        table.AddRow(
            "fine-tuning",
            $"loss {result.SftLoss.First:F2} → {result.SftLoss.Last:F2} on held-out demonstrations; "
            + $"{NumberFormat.Percent(result.PreferredBefore)} of its responses are good");
        table.AddRow(
            "reward model",
            $"accuracy {NumberFormat.Percent(result.Accuracy)} on held-out pairs; "
            + $"the noise of the rankings allows {NumberFormat.Percent(result.Ceiling)}");
        table.AddRow(
            "PPO",
            $"{NumberFormat.Percent(result.PreferredAfter)} of its responses are good; win rate against before "
            + $"{NumberFormat.Percent(result.WinRate)}; KL {NumberFormat.Fixed(result.KlPerResponse, 1)} nats a response");
        table.AddRow(
            "all",
            $"{NumberFormat.Duration(result.Time)}; good responses are counted by the simulated guest's taste without noise, "
            + $"on {result.Pairs.Count} responses to {result.Prompts} held-out prompts");
        return table;
    }

    static Table Responses(LoopResult result)
    {
        var table = new Table().Border(TableBorder.Simple).ShowRowSeparators().AddColumns("guest", "before PPO", "after PPO");
        foreach (var pair in result.FirstPairs.Take(ResponsesShown))
        {
            table.AddRow(
                Text(Request(pair.Prompt)),
                Text($"{pair.Before.Trim()}\n[{pair.JudgedBefore.Summary}]"),
                Text($"{pair.After.Trim()}\n[{pair.JudgedAfter.Summary}]"));
        }
        return table;
    }

    /// <summary>The guest's message in a prompt.</summary>
    static string Request(string prompt) =>
        prompt.Replace("Guest: ", "", StringComparison.Ordinal).Replace("\nDesk:", "", StringComparison.Ordinal);

    static string Text(string text) => Markup.Escape(VisibleText.Escape(text));
}
