namespace Attune.Reporting.Runs;

/// <summary>Finds run folders below a folder.</summary>
public static class RunSearch
{
    /// <summary>How deep folders are searched: those of the quickstart, and of a study with variants and seeds.</summary>
    const int Deepest = 4;

    const long LargestRecipe = 1 << 20;

    /// <summary>The runs below a folder; none where it does not exist. Symbolic links are not followed.</summary>
    public static IEnumerable<RunFolder> Below(string folder) => Directory.Exists(folder) ? Below(folder, Deepest) : [];

    /// <summary>When a run last wrote a step.</summary>
    public static DateTimeOffset ChangedAt(RunFolder run) =>
        new(File.GetLastWriteTimeUtc(File.Exists(run.Metrics) ? run.Metrics : run.Recipe));

    static IEnumerable<RunFolder> Below(string folder, int depth) =>
        Directory.EnumerateDirectories(folder, "*",
            new EnumerationOptions { IgnoreInaccessible = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.ReparsePoint })
            .SelectMany(path => At(path, depth));

    /// <summary>The runs of a folder; none where it cannot be read: it may be removed meanwhile, or its name may not be Unicode.</summary>
    static IReadOnlyList<RunFolder> At(string path, int depth)
    {
        try
        {
            var run = new RunFolder(path);
            run.RequireRegularFiles();
            return run.HasStarted ? IsRecipe(run.Recipe) ? [run] : [] : depth > 1 ? [.. Below(path, depth - 1)] : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return [];
        }
    }

    static bool IsRecipe(string path) => new FileInfo(path) is { Length: > 0 and < LargestRecipe, LinkTarget: null };
}
