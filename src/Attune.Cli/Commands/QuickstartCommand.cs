using System.CommandLine;
using Attune.Cli.Display;
using Attune.Cli.Quickstart;
using Microsoft.Extensions.Logging;
using Spectre.Console;

namespace Attune.Cli.Commands;

/// <summary><c>attune quickstart</c>: all stages of RLHF on the front-desk data, with a report.</summary>
static class QuickstartCommand
{
    static readonly Option<string> Output = new("--output")
    {
        HelpName = "FOLDER", Description = "The folder of all runs", DefaultValueFactory = _ => "runs/quickstart",
    };
    static readonly Option<int> Seed = new("--seed") { Description = "The random seed", DefaultValueFactory = _ => 1 };
    static readonly Option<LogLevel> Log = ConsoleLog.Option(LogLevel.None);

    public static Command Create()
    {
        var command = new Command("quickstart", "Run all of RLHF in minutes: pretraining, fine-tuning, rankings, reward model, PPO")
        {
            Output, Seed, Log,
        };
        command.SetAction(parsed => Run(parsed.GetValue(Output)!, parsed.GetValue(Seed), parsed.GetValue(Log)));
        return CommandHelp.WithExample(command, "attune quickstart --output runs/quickstart --seed 1");
    }

    static int Run(string output, int seed, LogLevel log)
    {
        if (output.Length == 0)
            throw new InvalidDataException("--output must name a folder.");
        LoopResult result;
        using (var console = new TrainingConsole(log))
            result = new QuickstartLoop(output, seed, console.Display, console.Token).Run();
        var (summary, report) = (Path.Combine(output, "summary.json"), Path.Combine(output, "report.html"));
        result.WriteSummary(summary);
        LoopReport.Write(report, result);
        QuickstartSummary.Print(AnsiConsole.Console, result, report, summary);
        return 0;
    }
}
