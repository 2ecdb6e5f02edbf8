using Attune.Store;
using Attune.Store.Export;

namespace Attune.Studio.Loop;

/// <summary>What people decided until now, frozen in a folder: what a run has learned from stays as it was while people go on.</summary>
static class Snapshot
{
    const double HeldOutShare = 0.1;

    public static string Train(string folder) => Path.Combine(folder, "train.jsonl");

    public static string HeldOut(string folder) => Path.Combine(folder, "heldout.jsonl");

    /// <returns>Whether something is held out.</returns>
    /// <exception cref="InvalidDataException">Nothing was decided yet that could be learned.</exception>
    public static bool Write(PreferenceStore store, Project project, string folder, Person by)
    {
        var layout = project.Settings.Task == TaskKind.Pairwise ? ExportLayout.Pairs : ExportLayout.Rankings;
        var counts = store.Exports.Snapshot(project, new() { Layout = layout, HeldOut = HeldOutShare }, folder, by.Id).Counts;
        return counts.TrainRows > 0
            ? counts.HeldOutRows > 0
            : throw new InvalidDataException($"decisions that prefer one answer to another were expected, found none in {project.Name}; people rank first");
    }
}
