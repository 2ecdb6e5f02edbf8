using System.CommandLine;
using Attune.Training.Recipes;

namespace Attune.Cli.Commands;

/// <summary><c>attune recipe METHOD</c>: a complete commented recipe.</summary>
static class RecipeCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("method") { Description = MethodCatalog.Names };
        var command = new Command("recipe", "Print a complete recipe: every key, its default and its meaning") { name };
        command.SetAction(parsed => Print(parsed.GetValue(name)!));
        return CommandHelp.WithExample(command, "attune recipe ppo > my.yaml");
    }

    static int Print(string name)
    {
        var method = MethodCatalog.Find(name)
            ?? throw new InvalidDataException($"the method '{name}' is not known; known are {MethodCatalog.Names}");
        Console.Out.Write($"""
            # {method.Name}: {method.Summary}.
            # Runs on a CPU or on one CUDA device (run.device).
            #   attune {method.Name} FILE.yaml                        by this file
            #   attune {method.Name} FILE.yaml optimizer.learningRate=1e-4   with words over it; keys that are left out keep these defaults

            """);
        Console.Out.Write(RecipeWriter.Write(method.Name, method.NewRecipe(), withComments: true));
        return 0;
    }
}
