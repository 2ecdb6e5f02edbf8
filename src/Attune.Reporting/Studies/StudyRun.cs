using Attune.Reporting.Runs;

namespace Attune.Reporting.Studies;

/// <summary>A variant trained with one seed, in a run folder of its own.</summary>
/// <param name="Variant">What is different from the base.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Folder">Where its files lie.</param>
/// <param name="Steps">How many there are to be.</param>
public sealed record StudyRun(StudyVariant Variant, int Seed, RunFolder Folder, int Steps)
{
    /// <summary>VARIANT/seed-N, as under the output of the study.</summary>
    public string Name => $"{Variant.Folder}/seed-{Seed}";

    /// <summary>What the run and its process say.</summary>
    public string Log => Path.Combine(Folder.Path, "log.txt");
}
