using Attune.Data;
using Attune.Store;

namespace Attune.Studio.Items;

/// <summary>An uploaded data file, saved in a temporary file until it is disposed.</summary>
sealed class Upload : IDisposable
{
    /// <summary>The most bytes of an upload without compression.</summary>
    public const long LargestContent = 1L << 30;

    /// <summary>The endings that a form offers.</summary>
    public const string Endings = ".jsonl,.ndjson,.json,.csv,.tsv,.parquet,.arrow,.gz,.zst";

    readonly string path;                                          // never from the request
    readonly string name;

    Upload(string path, string name) => (this.path, this.name) = (path, name);

    /// <summary>Saves an upload into a folder.</summary>
    /// <exception cref="InvalidDataException">The file's name is not that of a data file.</exception>
    public static async Task<Upload> Save(Stream content, string name, string folder, CancellationToken cancellation)
    {
        var ending = Dataset.EndingOf(name)
            ?? throw new InvalidDataException($"the file's name must end in one of {Dataset.Known} (was {name})");
        PrivateFolder.Create(folder);
        var upload = new Upload(Path.Combine(folder, $"upload-{Guid.NewGuid():N}{ending}"), name);
        try
        {
            await using var target = new FileStream(upload.path, FileMode.CreateNew);
            await content.CopyToAsync(target, cancellation);
            return upload;
        }
        catch
        {
            upload.Dispose();
            throw;
        }
    }

    /// <summary>Reads the file; messages have the name that the upload had.</summary>
    public T Read<T>(Func<string, T> read)
    {
        try
        {
            return read(path);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException(error.Message.Replace(path, name, StringComparison.Ordinal), error);
        }
    }

    public void Dispose() => File.Delete(path);
}
