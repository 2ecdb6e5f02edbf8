using Attune.Reporting.Runs;

namespace Attune.Studio.Runs;

/// <summary>
/// The runs that are there, whoever started them. What a request names is looked up among them and is never a path, so nothing else can be
/// reached by any name.
/// </summary>
sealed class RunList(StudioOptions options)
{
    /// <summary>Folders in folders: of a quickstart, of a study with its variants and seeds.</summary>
    const int Deepest = 4;

    /// <summary>The newest first.</summary>
    public IReadOnlyList<RunEntry> All() => Directory.Exists(options.Runs)
        ? [.. Below(options.Runs, Deepest).OrderByDescending(run => run.ChangedAt).ThenBy(run => run.Name, StringComparer.Ordinal)]
        : [];

    /// <summary>The run with this key; null where there is none.</summary>
    public RunEntry? Find(string key) => All().FirstOrDefault(run => run.Key == key);

    IEnumerable<RunEntry> Below(string folder, int depth) =>
        Directory.EnumerateDirectories(folder, "*", new EnumerationOptions { IgnoreInaccessible = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.ReparsePoint })
            .SelectMany(path => new RunFolder(path) is { HasStarted: true } run ? [Entry(run)] : depth > 1 ? Below(path, depth - 1) : []);

    RunEntry Entry(RunFolder folder) => new(
        Path.GetRelativePath(options.Runs, folder.Path), folder, options.Method(RecipeText.MethodOf(folder)),
        new DateTimeOffset(File.GetLastWriteTimeUtc(File.Exists(folder.Metrics) ? folder.Metrics : folder.Recipe)));
}
