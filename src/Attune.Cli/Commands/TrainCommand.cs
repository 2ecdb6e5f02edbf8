using System.CommandLine;
using Attune.Cli.Display;
using Attune.Cli.Launch;
using Attune.Training.Recipes;
using Microsoft.Extensions.Logging;

namespace Attune.Cli.Commands;

/// <summary><c>attune train FILE|RUN</c>: starts a run from a recipe, or resumes a run.</summary>
static class TrainCommand
{
    static readonly Option<LogLevel> Log = ConsoleLog.Option(LogLevel.None);

    public static Command Create()
    {
        var target = new Argument<string>("recipe-or-run")
        {
            HelpName = "RECIPE.yaml|RUN", Description = "A recipe file to start, or a run folder to resume",
        };
        var overrides = new Argument<string[]>("overrides")
        {
            HelpName = "[KEY=VALUE ...]",
            Description = "Values of keys of the recipe; for a resumed run, they apply to this process only",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("train", "Start a run from a recipe file, or resume a run from its newest checkpoint")
        {
            target, overrides, Log,
        };
        command.SetAction(parsed => RankJob.Run(
            () => Train(parsed.GetValue(target)!, parsed.GetValue(overrides)!, parsed.GetValue(Log))));
        return CommandHelp.WithExample(command, "attune train runs/sft");
    }

    static int Train(string target, string[] overrides, LogLevel log)
    {
        using var console = new TrainingConsole(log);
        if (Directory.Exists(target))
        {
            RecipeRunner.Resume(target, overrides, console.Display, console.Token);
            return 0;
        }
        var (method, recipe) = RecipeReader.Read(method: null, target, overrides, Notices.Write, pathsMustExist: true);
        RecipeRunner.Start(method, recipe, console.Display, console.Token);
        return 0;
    }
}
