using Attune.Reporting.Reports;
using Attune.Reporting.Runs;
using Attune.Training.Options;

namespace Attune.Training.Runs;

/// <summary>Runs whose loop is in a program of one's own: no recipe describes them.</summary>
static class OwnLoop
{
    const string Recipe = "method: own\n# The loop of this run is in a program; run that program again to resume it.\n";

    public static MethodDescription Method { get; } = new("own")
    {
        ReportTitle = "Training",
        ReportLead = "The model was trained by a loop in a program.",
    };

    /// <summary>What is written into a new run folder; null for a folder that holds such a run.</summary>
    /// <exception cref="InvalidDataException">The options are wrong, or the folder holds a run of another kind.</exception>
    public static string? RecipeOf(RunOptions options)
    {
        Validation.ThrowIfInvalid(options, "run");
        var folder = new RunFolder(options.Output);
        if (!folder.HasStarted)
            return Recipe;
        return File.ReadAllText(folder.Recipe) == Recipe
            ? null
            : throw new InvalidDataException($"{folder.Path} holds a run that was started by a recipe; choose another output");
    }
}
