using Attune.Data;
using Attune.Input;
using Attune.Reporting.Runs;
using Attune.Text;

namespace Attune.Cli;

/// <summary>Compares data that a model is evaluated on with the examples that its run trained on.</summary>
static class TrainedOn
{
    /// <summary>Writes a notice if the run of a model trained on some of the examples.</summary>
    /// <param name="model">The folder of a run, or of its model.</param>
    /// <param name="examples">The examples.</param>
    /// <param name="use">What the run learned from.</param>
    public static void Check(string model, IReadOnlyCollection<Example> examples, DataUse use)
    {
        string[] folders = [model, Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model))) ?? model];
        if (folders.Select(folder => new RunFolder(folder).TrainedRows).FirstOrDefault(File.Exists) is not { } file)
            return;
        var trained = InputFile.ReadLines(file, most: long.MaxValue).ToHashSet(StringComparer.Ordinal);
        var count = examples.Count(example => trained.Contains(DataDigest.Written(DataDigest.HashOf(example, use))));
        if (count > 0)
            Notices.Write($"{count:N0} of {Quantity.Of(examples.Count, "row")} {(count == 1 ? "was" : "were")} trained on: the result says "
                + "little about new data");
    }
}
