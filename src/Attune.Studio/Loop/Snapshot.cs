using Attune.Store;
using Attune.Store.Export;

namespace Attune.Studio.Loop;

/// <summary>A copy of the decisions until now in a folder: the data of a run stay unchanged while annotation continues.</summary>
static class Snapshot
{
    const double HeldOutShare = 0.1;

    public static string Train(string folder) => Path.Combine(folder, "train.jsonl");

    public static string HeldOut(string folder) => Path.Combine(folder, "heldout.jsonl");

    /// <returns>Whether there are held-out data.</returns>
    /// <exception cref="InvalidDataException">There are no decisions to train on.</exception>
    public static bool Write(PreferenceStore store, Project project, string folder, Person by)
    {
        var layout = project.Settings.Task == TaskKind.Pairwise ? ExportLayout.Pairs : ExportLayout.Rankings;
        var counts = store.Exports.Snapshot(project, new() { Layout = layout, HeldOut = HeldOutShare }, folder, by.Id).Counts;
        return counts.TrainRows > 0
            ? counts.HeldOutRows > 0
            : throw new InvalidDataException(
                $"there are no comparisons in {project.Name} to train on; annotators must compare answers first");
    }
}
