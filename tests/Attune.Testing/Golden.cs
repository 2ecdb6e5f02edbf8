using System.Text.Json;

namespace Attune.Testing;

/// <summary>
/// Reference numbers from other libraries: the folder in <c>ATTUNE_GOLDEN</c>, or <c>tests/golden</c>. Tests enumerate its
/// files, and call <see cref="Ran"/> once for each case, so that <c>./test.sh golden</c> can say how many ran of each kind.
/// </summary>
public static partial class Golden
{
    public static string Folder { get; } =
        Environment.GetEnvironmentVariable("ATTUNE_GOLDEN") is { Length: > 0 } folder
            ? Path.GetFullPath(folder)
            : Repository.PathTo("tests", "golden");

    public static string PathTo(params string[] parts) => Path.Combine([Folder, .. parts]);

    /// <summary>The root element of a JSON file below the golden folder.</summary>
    public static JsonElement Json(params string[] parts)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(PathTo(parts)));
        return document.RootElement.Clone();
    }

    /// <summary>Names of the folders or files (without extension) below <paramref name="kind"/> that match, in order.</summary>
    public static IReadOnlyList<string> Names(string kind, Func<string, bool>? matches = null)
    {
        var folder = PathTo(kind);
        if (!Directory.Exists(folder))
            return [];
        return [.. Directory.EnumerateFileSystemEntries(folder)
            .Select(path => Directory.Exists(path) ? Path.GetFileName(path) : Path.GetFileNameWithoutExtension(path))
            .Where(name => name != "README" && (matches is null || matches(name)))
            .Order(StringComparer.Ordinal)];
    }

    /// <summary>Records that one golden case of this kind was compared.</summary>
    public static void Ran(string kind, int cases = 1)
    {
        var tally = Environment.GetEnvironmentVariable("ATTUNE_GOLDEN_TALLY");
        if (string.IsNullOrEmpty(tally) || ChangedExpectation.IsOpen)
            return;
        lock (Lock)
            File.AppendAllText(Path.Combine(tally, $"{Environment.ProcessId}"), $"{cases} {kind}\n");
    }

    static readonly Lock Lock = new();
}
