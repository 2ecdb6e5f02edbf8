using Attune.Reporting.Runs;
using Attune.Training.Options;
using Attune.Training.Runs;

namespace Attune.Training.Recipes;

/// <summary>Starts a run from a recipe, or resumes the run in a folder.</summary>
public static class RecipeRunner
{
    /// <summary>Trains with a recipe in a new run folder.</summary>
    /// <inheritdoc cref="IRecipe.Train"/>
    /// <exception cref="InvalidDataException">The recipe breaks rules of its options; nothing is written, and the message lists all of
    /// them.</exception>
    public static RunFolder Start(TrainingMethod method, IRecipe recipe, IRunDisplay display, CancellationToken cancellation)
    {
        Validation.ThrowIfInvalid(recipe);
        var full = recipe.WithFullPaths();
        using var run = new Run(full.Run, method, RecipeWriter.Write(method.Name, full, withComments: false), display);
        full.Train(run, cancellation);
        return run.Folder;
    }

    /// <summary>
    /// Resumes a run from its newest checkpoint; a finished run is not changed. Overrides apply to this call only: the recipe in the folder
    /// is not changed.
    /// </summary>
    /// <inheritdoc cref="IRecipe.Train"/>
    public static RunFolder Resume(string path, IReadOnlyList<string> overrides, IRunDisplay display, CancellationToken cancellation)
    {
        var folder = new RunFolder(path);
        if (!folder.HasStarted)
            throw new InvalidDataException($"{path} is not a run folder: it has no recipe.yaml");
        if (folder.IsFinished)
        {
            display.End($"the run in {path} is finished; its model is in {folder.Model}");
            return folder;
        }
        var (method, recipe) = RecipeReader.Read(method: null, folder.Recipe, overrides);
        using var run = new Run(recipe.Run with { Output = path }, method, recipe: null, display);
        recipe.Train(run, cancellation);
        return folder;
    }
}
