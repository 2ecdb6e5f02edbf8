namespace Attune.Data.Encoded;

/// <summary>A file of tokenized data.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Data">The data that it was made of; empty for a file that is damaged.</param>
/// <param name="Method">The method that reads it; empty for a file that is damaged.</param>
public sealed record CachedData(string Path, long Bytes, string Data, string Method)
{
    static readonly EnumerationOptions Everywhere = new()
    {
        RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint,
    };

    /// <summary>The files beside data and in the user's cache.</summary>
    /// <param name="path">A data file, or a folder whose data, also that of its folders, is meant.</param>
    /// <exception cref="FileNotFoundException">The file or folder does not exist.</exception>
    public static IReadOnlyList<CachedData> Find(string path) =>
    [
        .. from folder in Folders(path)
            from file in TokenCache.Files(folder)
            select new CachedData(
                file.Path, new FileInfo(file.Path).Length, file.Description?.Data ?? "", file.Description?.Reader ?? ""),
    ];

    /// <summary>Removes these files, and what killed processes left. A run that reads one of them continues.</summary>
    /// <inheritdoc cref="Find"/>
    public static void Clear(string path)
    {
        foreach (var folder in Folders(path))
            TokenCache.Clear(folder);
    }

    static IReadOnlyList<string> Folders(string path)
    {
        var found = Dataset.Find(path);
        string[] beside = Directory.Exists(found)
            ? [.. Directory.EnumerateDirectories(found, TokenCache.FolderName, Everywhere).Order(StringComparer.Ordinal)]
            : [System.IO.Path.Combine(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(found))!, TokenCache.FolderName)];
        return [.. beside.Append(TokenCache.UserFolder).Where(Directory.Exists)];
    }
}
