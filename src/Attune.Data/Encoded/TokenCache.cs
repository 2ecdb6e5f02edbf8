using Attune.Input;

namespace Attune.Data.Encoded;

/// <summary>
/// Files of encoded data, in a folder <c>.attune-cache</c> beside the data, or in the user's cache where that folder cannot be written. A
/// file is complete or does not exist: it is written under another name, by one process at a time, and renamed.
/// </summary>
/// <param name="folders">The folders, the preferred one first.</param>
sealed class TokenCache(IReadOnlyList<string> folders)
{
    public const string FolderName = ".attune-cache";
    const string Ending = ".tokens", Unfinished = ".unfinished", Ignored = ".gitignore";

    /// <summary>The folder in the user's cache.</summary>
    public static string UserFolder => Path.Combine(UserFolders.Cache, "tokens");

    /// <summary>The cache of data: beside it, unless the data is in the cache of the Hub.</summary>
    /// <param name="path">A file, a folder, or a name in the Hub.</param>
    public static TokenCache For(string path)
    {
        var found = Dataset.Find(path);
        var beside = Directory.Exists(found) ? found : Path.GetDirectoryName(Path.GetFullPath(found))!;
        return new(found == path ? [Path.Combine(beside, FolderName), UserFolder] : [UserFolder]);
    }

    /// <summary>The file of a key; it is made where there is none.</summary>
    /// <param name="description">What the file is made of; without the summary.</param>
    /// <param name="build">Writes the items, and returns what reading and encoding found out.</param>
    /// <param name="notify">Gets messages.</param>
    /// <param name="cancellation">Stops waiting and checking.</param>
    public (TokenFile<T> File, EncodingSummary? Known) GetOrBuild<T>(
        TokenFileDescription description, Func<TokenFileWriter, EncodingSummary> build, Action<string> notify,
        CancellationToken cancellation)
    {
        var name = FileName(description);
        foreach (var folder in folders)
            if (Open<T>(Path.Combine(folder, name), description.Key, notify, cancellation) is { } found)
                return found;
        var (chosen, gate) = Lock(name, notify, cancellation);
        using (gate)
        {
            var path = Path.Combine(chosen, name);
            if (Open<T>(path, description.Key, notify, cancellation) is { } made)                  // by the process that had the lock
                return made;
            Build(path, description, build);
            RemoveStale(chosen, description);
            var (file, _) = TokenFile<T>.TryOpen(path, cancellation)
                ?? throw new IOException($"{path} is damaged right after it was written; check the disk");
            return (file, null);
        }
    }

    static (TokenFile<T>, EncodingSummary?)? Open<T>(string path, string key, Action<string> notify, CancellationToken cancellation)
    {
        if (!File.Exists(path))
            return null;
        if (TokenFile<T>.TryOpen(path, cancellation) is var (file, description) && description.Key == key)
            return (file, description.Summary);
        notify($"{path} is damaged; the data is tokenized again");
        File.Delete(path);
        return null;
    }

    static void Build(string path, TokenFileDescription description, Func<TokenFileWriter, EncodingSummary> build)
    {
        var unfinished = $"{path}.{Guid.NewGuid():N}{Unfinished}";
        try
        {
            using (var writer = new TokenFileWriter(unfinished))
                writer.Complete(description with { Summary = build(writer) });
            File.Move(unfinished, path, overwrite: true);
        }
        catch (IOException error) when (error.IsDiskFull())
        {
            throw new IOException($"the disk of {path} is full: tokenized data takes about half the space of its text. Free some space, or "
                + "set data.cache: off, which keeps it in memory", error);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    /// <summary>The first folder that can be written, locked for this file; waits while another process makes the file.</summary>
    (string Folder, FileStream Lock) Lock(string name, Action<string> notify, CancellationToken cancellation)
    {
        var problem = "";
        foreach (var folder in folders)
        {
            try
            {
                CreateFolder(folder);
                return (folder, Lock(Path.Combine(folder, name + ".lock"), folder, notify, cancellation));
            }
            catch (Exception error) when (error is UnauthorizedAccessException or IOException)
            {
                problem = error.Message;
            }
        }
        throw new IOException($"no folder for tokenized data can be written: {string.Join(", ", folders)} ({problem}). Make one of them "
            + "writable, or set data.cache: off, which keeps it in memory");
    }

    static FileStream Lock(string path, string folder, Action<string> notify, CancellationToken cancellation)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            try
            {
                return new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
            }
            catch (IOException error) when (error.IsInUse())
            {
                if (isFirst)
                    notify($"another process tokenizes the same data in {folder}; waiting for it");
                cancellation.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(300));
                cancellation.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>Creates the folder, which version control leaves out.</summary>
    static void CreateFolder(string folder)
    {
        Directory.CreateDirectory(folder);
        var ignored = Path.Combine(folder, Ignored);
        if (!File.Exists(ignored))
            File.WriteAllText(ignored, "*\n");
    }

    /// <summary>Removes the files of the same data with another content, and what killed processes left.</summary>
    static void RemoveStale(string folder, TokenFileDescription made)
    {
        foreach (var (path, description) in Files(folder))
            if (description?.Data == made.Data && description.Content != made.Content)
                File.Delete(path);
        RemoveUnfinished(folder);
    }

    static void RemoveUnfinished(string folder)
    {
        foreach (var path in Directory.EnumerateFiles(folder, $"*{Unfinished}*"))
        {
            try
            {
                using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
                    File.Delete(path);
            }
            catch (IOException error) when (error.IsInUse())
            {
                // another process writes it
            }
        }
    }

    /// <summary>Removes the files of a folder, and the folder where nothing is left.</summary>
    public static void Clear(string folder)
    {
        foreach (var (path, _) in Files(folder))
            File.Delete(path);
        RemoveUnfinished(folder);
        File.Delete(Path.Combine(folder, Ignored));
        if (!Directory.EnumerateFileSystemEntries(folder).Any())
            Directory.Delete(folder);
    }

    /// <summary>The files of a folder with their descriptions; null for one that is damaged.</summary>
    public static IEnumerable<(string Path, TokenFileDescription? Description)> Files(string folder) => !Directory.Exists(folder)
        ? []
        : Directory.EnumerateFiles(folder, "*" + Ending).Order(StringComparer.Ordinal).Select(path => (path, TokenFile.Describe(path)));

    static string FileName(TokenFileDescription description) =>
        $"{Path.GetFileNameWithoutExtension(description.Data)}-{description.Reader}-{description.Key[..16]}{Ending}";
}
