namespace Attune.Data;

/// <summary>The part of a folder that is read, where the names of its files tell training data from held-out data.</summary>
public enum DataSplit
{
    /// <summary>All files.</summary>
    All,

    /// <summary>All files but the held-out ones.</summary>
    Train,

    /// <summary>The files for validation, or where there are none those for tests.</summary>
    HeldOut,
}

/// <summary>
/// Recognises splits by the names of files and folders, as the Hugging Face Hub does: <c>train-00000-of-00002.parquet</c>,
/// <c>test.jsonl</c>, <c>validation/0.jsonl</c>.
/// </summary>
static class FileSplits
{
    static readonly string[] Validation = ["validation", "valid", "val", "dev", "eval", "heldout"];
    static readonly string[] Test = ["test", "testing"];
    static readonly string[] Training = ["train", "training"];

    /// <summary>The files of a split. A folder without files that are named for training has no splits: all are training data.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="files">Its data files.</param>
    /// <param name="split">The part to read.</param>
    public static IReadOnlyList<string> Select(string folder, IReadOnlyList<string> files, DataSplit split)
    {
        var (validation, test) = (Named(Validation), Named(Test));
        if (split == DataSplit.All || Named(Training).Count == 0)
            return split == DataSplit.HeldOut ? [] : files;
        return split == DataSplit.Train ? [.. files.Except(validation).Except(test)] : validation is [] ? test : validation;

        List<string> Named(string[] names) => [.. files.Where(file => Words(Path.GetRelativePath(folder, file)).Intersect(names).Any())];
    }

    /// <summary>The words of a path in lower case: letters only.</summary>
    static IEnumerable<string> Words(string path) =>
        new string([.. path.Select(letter => char.IsAsciiLetter(letter) ? char.ToLowerInvariant(letter) : ' ')])
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
