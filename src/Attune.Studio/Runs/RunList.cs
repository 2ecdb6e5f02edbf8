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

    const long LargestRecipe = 1 << 20;

    /// <summary>The newest first.</summary>
    public IReadOnlyList<RunEntry> All() => Directory.Exists(options.Runs)
        ? [.. Below(options.Runs, Deepest).OrderByDescending(run => run.ChangedAt).ThenBy(run => run.Name, StringComparer.Ordinal)]
        : [];

    /// <summary>The run with this key; null where there is none.</summary>
    public RunEntry? Find(string key) => All().FirstOrDefault(run => run.Key == key);

    IEnumerable<RunEntry> Below(string folder, int depth) =>
        Directory.EnumerateDirectories(folder, "*",
            new EnumerationOptions { IgnoreInaccessible = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.ReparsePoint })
            .SelectMany(path => At(path, depth));

    /// <summary>The runs of a folder; none where it cannot be read: it may be removed meanwhile, or its name may not be Unicode.</summary>
    IReadOnlyList<RunEntry> At(string path, int depth)
    {
        try
        {
            var run = new RunFolder(path);
            run.RequireRegularFiles();
            return run.HasStarted ? IsRecipe(run.Recipe) ? [Entry(run)] : [] : depth > 1 ? [.. Below(path, depth - 1)] : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return [];
        }
    }

    static bool IsRecipe(string path) => new FileInfo(path) is { Length: > 0 and < LargestRecipe, LinkTarget: null };

    RunEntry Entry(RunFolder folder) => new(
        Path.GetRelativePath(options.Runs, folder.Path), folder, options.Method(RecipeText.MethodOf(folder)),
        new DateTimeOffset(File.GetLastWriteTimeUtc(File.Exists(folder.Metrics) ? folder.Metrics : folder.Recipe)));
}
