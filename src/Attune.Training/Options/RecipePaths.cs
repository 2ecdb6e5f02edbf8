namespace Attune.Training.Options;

/// <summary>Paths of recipes.</summary>
public static class RecipePaths
{
    /// <summary>The absolute path; empty stays empty.</summary>
    public static string Full(string path) => path.Length == 0 ? "" : Path.GetFullPath(path);
}
