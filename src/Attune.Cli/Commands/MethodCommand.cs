using System.CommandLine;
using Attune.Cli.Display;
using Attune.Training.Recipes;

namespace Attune.Cli.Commands;

/// <summary>The command of a training method: <c>attune sft [recipe.yaml] [key=value …]</c>.</summary>
static class MethodCommand
{
    public static Command Create(TrainingMethod method)
    {
        var arguments = new Argument<string[]>("arguments")
        {
            Description = $"A recipe file, and key=value for keys of the recipe; `attune recipe {method.Name}` lists the keys",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var selfTest = new Option<bool>("--self-test")
        {
            Description = "First check the computation on this model and data (run.selfTest)",
        };
        var command = new Command(method.Name, method.Summary) { arguments, selfTest };
        command.SetAction(parsed => Train(method.Name, parsed.GetValue(arguments)!, parsed.GetValue(selfTest)));
        return CommandHelp.WithExample(command, method.Example);
    }

    static int Train(string method, string[] arguments, bool selfTest)
    {
        var (file, overrides) = TrainingArguments.Split(arguments);
        string[] words = selfTest ? [.. overrides, "run.selfTest=true"] : overrides;
        var (found, recipe) = RecipeReader.Read(method, file, words, Console.Error.WriteLine);
        using var interruption = new CancellationOnSignal();
        using var display = Displays.Pick();
        RecipeRunner.Start(found, recipe, display, interruption.Token);
        return 0;
    }
}
