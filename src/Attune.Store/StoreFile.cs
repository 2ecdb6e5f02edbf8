namespace Attune.Store;

/// <summary>
/// The file of a store. It is created whole under another name and then renamed, readable by its user only. A file that is missing or empty
/// where a store was is an error: a new store would hide the loss, and would need no sign-in on this machine.
/// </summary>
static class StoreFile
{
    const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <param name="path">The file.</param>
    /// <param name="create">Makes an empty file a store.</param>
    /// <exception cref="InvalidDataException">The file is empty, or it is missing and its folder has traces of a store.</exception>
    public static void Ensure(string path, Action<string> create)
    {
        if (Directory.Exists(path))
            return;
        if (!File.Exists(path))
            Create(path, create);
        else if (new FileInfo(path).Length == 0)
            throw new InvalidDataException(
                $"{path} is empty (0 bytes), so it is not a store; restore a backup with `attune feedback restore FILE --force`, "
                + "or remove the file to start with a new store");
        Restrict(path);
    }

    /// <summary>Removes the access of other users.</summary>
    public static void Restrict(string path)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != UnixFileMode.None)
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) & ~Others);
    }

    static void Create(string path, Action<string> create)
    {
        if (Traces(path) is { Count: > 0 } traces)
            throw new InvalidDataException(
                $"{path} is missing, but there was a store here (found {string.Join(", ", traces)}); put the file back, restore a backup "
                + "with `attune feedback restore FILE`, or move these files away to start with a new store");
        var unfinished = $"{path}.{Guid.NewGuid():N}.new";
        try
        {
            CreateEmpty(unfinished);
            create(unfinished);
            Flush(unfinished);
            File.Move(unfinished, path);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another process created the store in the meantime.
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    /// <summary>Creates an empty file that only its user can read.</summary>
    public static void CreateEmpty(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = Private;
        new FileStream(path, options).Dispose();
    }

    public static void Flush(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        file.Flush(flushToDisk: true);
    }

    /// <summary>
    /// What a store leaves in its folder: session keys, an earlier store, a restore that did not finish, a log of changes.
    /// </summary>
    static List<string> Traces(string path)
    {
        var full = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(full)!;
        if (!Directory.Exists(folder))
            return [];
        var name = Path.GetFileName(full);
        var hasKeys = Directory.Exists(Path.Combine(folder, "keys")) && !Directory.EnumerateFiles(folder, "*.db").Any();
        return [.. hasKeys ? ["keys"] : Array.Empty<string>(), .. Directory.EnumerateFiles(folder, $"{name}*")
            .Select(file => Path.GetFileName(file))
            .Where(file => file == $"{name}-wal" || file.StartsWith($"{name}.before-restore-", StringComparison.Ordinal)
                || file.EndsWith(".unfinished", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)];
    }
}
