using Attune.Input;
using Attune.Reporting.Reports;
using Attune.Reporting.Runs;
using Attune.Training.Options;

namespace Attune.Training.Runs;

/// <summary>Runs of a custom training loop: the loop is code in the caller's program, so no recipe describes the run.</summary>
static class CustomLoop
{
    const string Recipe = "method: own\n# The loop of this run is in a program; run that program again to resume it.\n";

    public static MethodDescription Method { get; } = new("own")
    {
        ReportTitle = "Training",
        ReportLead = "The model was trained by a loop in a program.",
    };

    /// <summary>The recipe file of a new run folder; null if the folder holds a run of a custom loop, which is then resumed.</summary>
    /// <exception cref="InvalidDataException">The options are wrong, or the folder holds a run of another kind.</exception>
    public static string? RecipeOf(RunOptions options)
    {
        Validation.ThrowIfInvalid(options, "run");
        var folder = new RunFolder(options.Output);
        if (!folder.HasStarted)
            return Recipe;
        return Holds(folder)
            ? null
            : throw new InvalidDataException($"{folder.Path} holds a run that was started by a recipe; choose another output");
    }

    /// <summary>Whether a folder with a run holds one of a custom loop.</summary>
    public static bool Holds(RunFolder folder) => InputFile.ReadText(folder.Recipe) == Recipe;
}
