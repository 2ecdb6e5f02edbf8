using Attune.Reporting.Runs;

namespace Attune.Studio.Runs;

/// <summary>
/// All runs, including those of the command line. A name from a request is looked up in this list and never used as a path, so nothing
/// outside of the folder can be reached.
/// </summary>
sealed class RunList(StudioOptions options)
{
    /// <summary>How deep folders are searched: those of the quickstart, and of a study with variants and seeds.</summary>
    const int Deepest = 4;

    /// <summary>The newest first.</summary>
    public IReadOnlyList<RunEntry> All() => Directory.Exists(options.Runs)
        ? [.. Below(options.Runs, Deepest).OrderByDescending(run => run.ChangedAt).ThenBy(run => run.Name, StringComparer.Ordinal)]
        : [];

    /// <summary>The run with this key; null where there is none.</summary>
    public RunEntry? Find(string key) => All().FirstOrDefault(run => run.Key == key);

    IEnumerable<RunEntry> Below(string folder, int depth) =>
        Directory.EnumerateDirectories(folder, "*",
            new EnumerationOptions { IgnoreInaccessible = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.ReparsePoint })
            .SelectMany(path => new RunFolder(path) is { HasStarted: true } run ? [Entry(run)] : depth > 1 ? Below(path, depth - 1) : []);

    RunEntry Entry(RunFolder folder) => new(
        Path.GetRelativePath(options.Runs, folder.Path), folder, options.Method(RecipeText.MethodOf(folder)),
        new DateTimeOffset(File.GetLastWriteTimeUtc(File.Exists(folder.Metrics) ? folder.Metrics : folder.Recipe)));
}
