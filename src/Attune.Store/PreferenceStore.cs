using Attune.Store.Export;
using Attune.Store.Import;

namespace Attune.Store;

/// <summary>
/// Projects, people, and what people decided, in one SQLite file. Methods may be called from any thread; what a method that changes
/// something has returned from is on disk.
/// </summary>
public sealed class PreferenceStore : IDisposable
{
    readonly Database database;

    PreferenceStore(string path, TimeProvider time)
    {
        Path = path;
        database = new(path);
        People = new(database, time);
        Projects = new(database, time);
        Items = new(database, time);
        Queue = new(database, time);
        Annotations = new(database, time);
        Jobs = new(database, time);
        Audit = new(database);
        Adjudications = new(database, time);
        Statistics = new(database);
        Exports = new(database, time);
        Imports = new(database, time);
    }

    public string Path { get; }

    public People People { get; }

    public Projects Projects { get; }

    public Items Items { get; }

    public Queue Queue { get; }

    public Annotations Annotations { get; }

    public Jobs Jobs { get; }

    public AuditTrail Audit { get; }

    public Adjudications Adjudications { get; }

    public StatisticsSource Statistics { get; }

    public Exports Exports { get; }

    public Imports Imports { get; }

    /// <param name="path">The file; it is made where it is not there yet.</param>
    /// <param name="time">The clock; the system's when left out.</param>
    /// <exception cref="InvalidDataException">The file is not a store, is damaged, or of another version.</exception>
    public static PreferenceStore Open(string path, TimeProvider? time = null)
    {
        SqlTypes.Register();
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        return new(path, time ?? TimeProvider.System);
    }

    public void Dispose() => database.Dispose();
}
