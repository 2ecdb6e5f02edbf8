using Attune.Reporting.Reports;

namespace Attune.Reporting.Studies;

/// <summary>Variants of a recipe, each trained with several seeds, to see which differences are not noise.</summary>
/// <param name="Name">The name of the file without its extension.</param>
/// <param name="Options">The keys of the file.</param>
/// <param name="Method">The training method.</param>
/// <param name="Runs">
/// Every variant with every seed: all variants of the first seed first, so that a study that is stopped early is balanced.
/// </param>
public sealed record Study(string Name, StudyOptions Options, MethodDescription Method, IReadOnlyList<StudyRun> Runs)
{
    public string Title => Options.Title.Length > 0 ? Options.Title : Name;

    /// <summary>The base, then the variants in the order of the file.</summary>
    public static IEnumerable<StudyVariant> Variants(StudyOptions options) =>
        options.Groups.SelectMany(group => group.Variants).Prepend(StudyVariant.Base);

    public string Report => Path.Combine(Options.Output, "report.html");

    public int Finished => Runs.Count(run => run.Folder.IsFinished);
}
