using System.CommandLine;
using Attune.Training.Recipes;

namespace Attune.Cli.Commands;

/// <summary><c>attune recipe METHOD</c>: prints every key of a recipe with its default and its meaning.</summary>
static class RecipeCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("method")
        {
            HelpName = "METHOD", Description = $"One of {MethodCatalog.Names}",
        };
        var command = new Command("recipe", "Print every key of a recipe, with its default and its meaning") { name };
        command.SetAction(parsed => Print(parsed.GetValue(name)!));
        return CommandHelp.WithExample(command, "attune recipe ppo > my-ppo.yaml");
    }

    static int Print(string name)
    {
        var method = MethodCatalog.Find(name)
            ?? throw new InvalidDataException($"There is no method '{name}'. Methods: {MethodCatalog.Names}.");
        var attune = ProgramName.Current;
        Console.Out.Write($"""
            # {method.Name}: {method.Summary}.
            # Runs on a CPU or on one CUDA device (run.device).
            #   {attune} {method.Name} FILE.yaml                               trains with this file
            #   {attune} {method.Name} FILE.yaml optimizer.learningRate=1e-4   with another value of a key
            # Keys that a file leaves out have the defaults below.

            """);
        Console.Out.Write(RecipeWriter.Write(method.Name, method.NewRecipe(), withComments: true));
        return 0;
    }
}
