namespace Attune.Reporting.Files;

/// <summary>
/// Writes files and folders atomically, so that they are complete even if the process is killed: first as <c>X.unfinished</c>, then
/// renamed.
/// </summary>
public static class AtomicWrite
{
    /// <summary>Writes a file at the temporary path that is passed to <paramref name="write"/>; an existing file is replaced.</summary>
    public static void File(string path, Action<string> write)
    {
        var unfinished = Unfinished(path);
        write(unfinished);
        System.IO.File.Move(unfinished, path, overwrite: true);
    }

    /// <inheritdoc cref="File(string, Action{string})"/>
    public static void File(string path, string text) => File(path, unfinished => System.IO.File.WriteAllText(unfinished, text));

    /// <summary>Writes a folder at the temporary path that is passed to <paramref name="write"/>; an existing folder is replaced.</summary>
    public static void Folder(string path, Action<string> write)
    {
        var unfinished = Unfinished(path);
        Remove(unfinished);
        write(unfinished);
        Remove(path);
        Directory.Move(unfinished, path);
    }

    /// <summary>The temporary path of a file or folder.</summary>
    public static string Unfinished(string path) => path + ".unfinished";

    static void Remove(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }
}
