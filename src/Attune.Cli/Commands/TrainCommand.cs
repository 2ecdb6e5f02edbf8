using System.CommandLine;
using Attune.Cli.Display;
using Attune.Training.Recipes;

namespace Attune.Cli.Commands;

/// <summary><c>attune train FILE|RUN</c>: starts by a recipe, or goes on with a run.</summary>
static class TrainCommand
{
    public static Command Create()
    {
        var target = new Argument<string>("recipe-or-run") { Description = "A recipe file to start, or a run folder to go on with" };
        var overrides = new Argument<string[]>("words") { Description = "key=value words over the recipe; of a resumed run, for this sitting only", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("train", "Start a recipe file, or resume a run folder from its newest checkpoint") { target, overrides };
        command.SetAction(parsed => Train(parsed.GetValue(target)!, parsed.GetValue(overrides)!));
        return CommandHelp.WithExample(command, "attune train runs/sft");
    }

    static int Train(string target, string[] overrides)
    {
        using var interruption = new CancellationOnSignal();
        using var display = Displays.Pick();
        if (Directory.Exists(target))
        {
            RecipeRunner.Resume(target, overrides, display, interruption.Token);
            return 0;
        }
        var (method, recipe) = RecipeReader.Read(method: null, target, overrides);
        RecipeRunner.Start(method, recipe, display, interruption.Token);
        return 0;
    }
}
