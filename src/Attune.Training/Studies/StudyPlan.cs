using Attune.Reporting.Studies;
using Attune.Training.Recipes;
using Attune.Training.Runs;

namespace Attune.Training.Studies;

/// <summary>A study with the recipe of each of its runs.</summary>
public sealed record StudyPlan(Study Study, IReadOnlyList<PlannedRun> Runs);

/// <summary>A run of a study, with its recipe.</summary>
/// <param name="Run">The variant, the seed and the folder.</param>
/// <param name="Method">The training method.</param>
/// <param name="Recipe">The recipe with all values.</param>
public sealed record PlannedRun(StudyRun Run, TrainingMethod Method, IRecipe Recipe)
{
    /// <summary>Starts or resumes the run; does nothing when it is finished.</summary>
    /// <inheritdoc cref="IRecipe.Train"/>
    public void Train(IRunDisplay display, CancellationToken cancellation)
    {
        if (Run.Folder.HasStarted)
            RecipeRunner.Resume(Run.Folder.Path, [], display, cancellation);
        else
            RecipeRunner.Start(Method, Recipe, display, cancellation);
    }

    /// <summary>How the run in the folder differs from this one; null when there is none or it is the same.</summary>
    public string? Conflict()
    {
        if (!Run.Folder.HasStarted)
            return null;
        try
        {
            var (method, recipe) = RecipeReader.Read(method: null, Run.Folder.Recipe, [$"run.output={Run.Folder.Path}"]);
            return Difference(Lines(method, RecipeRunner.Resolve(recipe)), Lines(Method, RecipeRunner.Resolve(Recipe)));
        }
        catch (InvalidDataException error)
        {
            return error.Message;
        }
    }

    /// <summary>Whether its values equal those of another run, except for the output.</summary>
    public bool IsAs(PlannedRun other) => Values(this).SequenceEqual(Values(other));

    static IEnumerable<string> Values(PlannedRun run) =>
        Lines(run.Method, run.Recipe).Where(line => !line.TrimStart().StartsWith("output:", StringComparison.Ordinal));

    /// <summary>The first line of two recipes in which they differ.</summary>
    static string? Difference(string[] existing, string[] planned)
    {
        foreach (var (there, here) in existing.Zip(planned))
            if (there != here)
                return $"it has '{there.Trim()}', this study has '{here.Trim()}'";
        return existing.Length == planned.Length ? null : "its recipe has other keys than this study's";
    }

    static string[] Lines(TrainingMethod method, IRecipe recipe) =>
        RecipeWriter.Write(method.Name, recipe, withComments: false).Split('\n');
}
