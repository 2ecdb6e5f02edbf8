using Attune.Reporting.Runs;

namespace Attune.Reporting.Studies;

/// <summary>A run of a study: a variant with one seed.</summary>
/// <param name="Variant">The variant.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Folder">The run folder.</param>
/// <param name="Steps">The total number of steps.</param>
public sealed record StudyRun(StudyVariant Variant, int Seed, RunFolder Folder, int Steps)
{
    /// <summary>VARIANT/seed-N, as under the output of the study.</summary>
    public string Name => $"{Variant.Folder}/seed-{Seed}";

    /// <summary>The output of the run's process.</summary>
    public string Log => Path.Combine(Folder.Path, "log.txt");
}
