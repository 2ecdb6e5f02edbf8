using Attune.Store.Export;
using Attune.Store.Import;

namespace Attune.Store;

/// <summary>
/// Projects, people and annotations in one SQLite file. Methods are thread-safe; a change is on disk when the method that makes it returns.
/// </summary>
public sealed class PreferenceStore : IDisposable
{
    readonly Database database;

    PreferenceStore(string path, TimeProvider time)
    {
        Path = path;
        database = new SqliteDatabase(path);
        People = new(database, time);
        Tokens = new(database, time);
        Invitations = new(database, time, People);
        Identities = new(database, time, People, Invitations);
        Projects = new(database, time);
        Items = new(database, time);
        Queue = new(database, time);
        Annotations = new(database, time);
        Dialogues = new(database, time, Annotations);
        Jobs = new(database, time);
        Audit = new(database);
        Adjudications = new(database, time);
        Judges = new(database, time);
        Reviews = new(database, time);
        Normings = new(database, time);
        Calibrations = new(database, time);
        Statistics = new(database);
        Exports = new(database, time);
        Imports = new(database, time);
    }

    public string Path { get; }

    public People People { get; }

    public AccessTokens Tokens { get; }

    public Invitations Invitations { get; }

    public Identities Identities { get; }

    public Projects Projects { get; }

    public Items Items { get; }

    public Queue Queue { get; }

    public Annotations Annotations { get; }

    public Dialogues Dialogues { get; }

    public Jobs Jobs { get; }

    public AuditTrail Audit { get; }

    public Adjudications Adjudications { get; }

    public Judges Judges { get; }

    public Reviews Reviews { get; }

    public Normings Normings { get; }

    public Calibrations Calibrations { get; }

    public StatisticsSource Statistics { get; }

    public Exports Exports { get; }

    public Imports Imports { get; }

    /// <param name="path">The file, which is created if it does not exist.</param>
    /// <param name="time">The clock; the system clock when left out.</param>
    /// <exception cref="InvalidDataException">The file is not a store, is damaged, is of a newer version, or is missing where a
    /// store was.</exception>
    public static PreferenceStore Open(string path, TimeProvider? time = null)
    {
        SqlTypes.Register();
        PrivateFolder.Create(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        var store = new PreferenceStore(path, time ?? TimeProvider.System);
        Import.Imports.Complete(store.database, time ?? TimeProvider.System);
        Store.Items.ArrangeUnfinished(store.database);
        return store;
    }

    public void Dispose() => database.Dispose();
}
