namespace Attune.Store;

/// <summary>Temporary files and folders of processes that were killed.</summary>
public static class Leftovers
{
    /// <summary>What was written to within this time may still be in use.</summary>
    static readonly TimeSpan Age = TimeSpan.FromHours(1);

    /// <summary>Removes files and folders with one of these names that nothing has written to for an hour.</summary>
    /// <param name="folder">Their folder, which need not exist.</param>
    /// <param name="patterns">Their names, with wildcards.</param>
    public static void Remove(string folder, params IReadOnlyList<string> patterns)
    {
        if (!Directory.Exists(folder))
            return;
        foreach (var entry in patterns.SelectMany(pattern => new DirectoryInfo(folder).EnumerateFileSystemInfos(pattern)).ToList())
            if (LastWrite(entry) < DateTime.UtcNow - Age)
                Remove(entry);
    }

    static DateTime LastWrite(FileSystemInfo entry) => entry is DirectoryInfo { LinkTarget: null } folder
        ? folder.EnumerateFileSystemInfos().Select(file => file.LastWriteTimeUtc).Append(folder.LastWriteTimeUtc).Max()
        : entry.LastWriteTimeUtc;

    static void Remove(FileSystemInfo entry)
    {
        try
        {
            if (entry is DirectoryInfo { LinkTarget: null } folder)
                folder.Delete(recursive: true);
            else
                entry.Delete();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Another process has removed it, or it belongs to somebody else. It takes space and does no other harm.
        }
    }
}
