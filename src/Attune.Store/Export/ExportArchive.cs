using System.IO.Compression;

namespace Attune.Store.Export;

/// <summary>An export as one .zip file.</summary>
public static class ExportArchive
{
    /// <summary>Writes a new file, atomically.</summary>
    /// <exception cref="InvalidDataException">An option is invalid, or the file exists.</exception>
    public static ExportManifest Write(PreferenceStore store, Project project, ExportOptions options, string path, bool replace = false)
    {
        path = Path.GetFullPath(path);
        if (Directory.Exists(path) || (File.Exists(path) && !replace))
            throw new InvalidDataException($"{path} already exists; choose another name");
        Leftovers.Remove(Path.GetDirectoryName(path)!, $"{Path.GetFileName(path)}.*.unfinished");
        var unfinished = $"{path}.{Guid.NewGuid():N}.unfinished";
        try
        {
            ExportManifest manifest;
            using (var file = new FileStream(unfinished, FileMode.CreateNew))
            {
                manifest = Write(store, project, options, Path.GetDirectoryName(path)!, file, by: null);
                file.Flush(flushToDisk: true);
            }
            File.Move(unfinished, path, replace);
            return manifest;
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    /// <summary>Writes a .zip archive to a stream.</summary>
    /// <param name="store">The store.</param>
    /// <param name="project">The project.</param>
    /// <param name="options">What to export.</param>
    /// <param name="scratch">A folder for temporary files.</param>
    /// <param name="stream">The stream to write to; it need not be seekable.</param>
    /// <param name="by">Who exports; null for the program itself.</param>
    public static ExportManifest Write(PreferenceStore store, Project project, ExportOptions options, string scratch, Stream stream,
        long? by)
    {
        var folder = Path.Combine(scratch, $"export-{Guid.NewGuid():N}");
        try
        {
            var manifest = store.Exports.Snapshot(project, options, folder, by);
            using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
            foreach (var name in manifest.Files.Select(file => file.Name).Append(Exports.Manifest))
                Add(archive, name, Path.Combine(folder, name), manifest.At);
            return manifest;
        }
        finally
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    static void Add(ZipArchive archive, string name, string path, DateTimeOffset at)
    {
        var entry = archive.CreateEntry(name);
        entry.LastWriteTime = at;
        using var content = File.OpenRead(path);
        using var target = entry.Open();
        content.CopyTo(target);
    }
}
