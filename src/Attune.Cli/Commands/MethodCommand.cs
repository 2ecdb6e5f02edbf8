using System.CommandLine;
using Attune.Cli.Display;
using Attune.Training.Recipes;

namespace Attune.Cli.Commands;

/// <summary>A training method by its name: <c>attune sft [recipe.yaml] [key=value …]</c>.</summary>
static class MethodCommand
{
    public static Command Create(TrainingMethod method)
    {
        var words = new Argument<string[]>("words") { Description = "A recipe file, and key=value words over it", Arity = ArgumentArity.ZeroOrMore };
        var selfTest = new Option<bool>("--self-test") { Description = "Check the arithmetic on this model and data first" };
        var command = new Command(method.Name, method.Summary) { words, selfTest };
        command.SetAction(parsed => Train(method.Name, parsed.GetValue(words)!, parsed.GetValue(selfTest)));
        return CommandHelp.WithExample(command, method.Example);
    }

    static int Train(string method, string[] words, bool selfTest)
    {
        var (file, overrides) = TrainingArguments.Split(words);
        var (found, recipe) = RecipeReader.Read(method, file, selfTest ? [.. overrides, "run.selfTest=true"] : overrides, Console.Error.WriteLine);
        using var interruption = new CancellationOnSignal();
        using var display = Displays.Pick();
        RecipeRunner.Start(found, recipe, display, interruption.Token);
        return 0;
    }
}
