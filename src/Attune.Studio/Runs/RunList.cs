using Attune.Reporting.Runs;

namespace Attune.Studio.Runs;

/// <summary>
/// All runs, including those of the command line. A name from a request is looked up in this list and never used as a path, so nothing
/// outside of the folder can be reached.
/// </summary>
sealed class RunList(StudioOptions options)
{
    /// <summary>The newest first.</summary>
    public IReadOnlyList<RunEntry> All() => [.. RunSearch.Below(options.Runs).SelectMany(Entry)
        .OrderByDescending(run => run.ChangedAt).ThenBy(run => run.Name, StringComparer.Ordinal)];

    /// <summary>The run with this key; null where there is none.</summary>
    public RunEntry? Find(string key) => All().FirstOrDefault(run => run.Key == key);

    /// <summary>An entry; none where the recipe cannot be read, because the folder was removed meanwhile.</summary>
    IReadOnlyList<RunEntry> Entry(RunFolder folder)
    {
        try
        {
            var method = options.Method(RecipeText.MethodOf(folder));
            return [new(Path.GetRelativePath(options.Runs, folder.Path), folder, method, RunSearch.ChangedAt(folder))];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return [];
        }
    }
}
