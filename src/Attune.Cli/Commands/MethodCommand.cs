using System.CommandLine;
using Attune.Cli.Display;
using Attune.Cli.Launch;
using Attune.Training.Recipes;
using Microsoft.Extensions.Logging;

namespace Attune.Cli.Commands;

/// <summary>The command of a training method: <c>attune sft [recipe.yaml] [key=value …]</c>.</summary>
static class MethodCommand
{
    public static Command Create(TrainingMethod method)
    {
        var arguments = new Argument<string[]>("arguments")
        {
            HelpName = "[RECIPE.yaml] [KEY=VALUE ...]",
            Description = "A recipe file, and values of keys, which override those of the file",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var selfTest = new Option<bool>("--self-test")
        {
            Description = "First check the computation on this model and data (run.selfTest)",
        };
        var log = ConsoleLog.Option(LogLevel.None);
        var command = new Command(method.Name, method.Summary) { arguments, selfTest, log };
        command.SetAction(parsed => RankJob.Run(
            () => Train(method, parsed.GetValue(arguments)!, parsed.GetValue(selfTest), parsed.GetValue(log))));
        return CommandHelp.WithExample(command, method.Example);
    }

    static int Train(TrainingMethod method, string[] arguments, bool selfTest, LogLevel log)
    {
        if (arguments.Length == 0)
            throw new InvalidDataException(
                $"Name a recipe file, or give values of keys:\n  {method.Example}\nRun `attune help {method.Name}`.");
        var (file, overrides) = TrainingArguments.Split(arguments);
        string[] words = selfTest ? [.. overrides, "run.selfTest=true"] : overrides;
        var (found, recipe) = RecipeReader.Read(method.Name, file, words, Notices.Write, pathsMustExist: true);
        using var console = new TrainingConsole(log);
        RecipeRunner.Start(found, recipe, console.Display, console.Token);
        return 0;
    }
}
