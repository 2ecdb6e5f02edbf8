using Attune.Store.Export;
using Attune.Store.Import;
using Attune.Store.Postgres;
using Dapper;

namespace Attune.Store;

/// <summary>
/// Projects, people and annotations in an SQLite file or a PostgreSQL database. Methods are thread-safe; a change is on disk when the
/// method that makes it returns.
/// </summary>
public sealed class PreferenceStore : IDisposable
{
    readonly Database database;

    PreferenceStore(string address, TimeProvider time)
    {
        database = Database.Open(address);
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

    /// <param name="address">
    /// A file, which is created if it does not exist, or the address of a PostgreSQL database: <c>postgresql://USER@HOST/DATABASE</c> or a
    /// connection string of Npgsql.
    /// </param>
    /// <param name="time">The clock; the system clock when left out.</param>
    /// <exception cref="InvalidDataException">It is not a store, is damaged or of a newer version, or a file is missing where a store
    /// was.</exception>
    /// <exception cref="IOException">The PostgreSQL server cannot be reached.</exception>
    public static PreferenceStore Open(string address, TimeProvider? time = null)
    {
        SqlTypes.Register();
        var store = new PreferenceStore(address, time ?? TimeProvider.System);
        Import.Imports.Complete(store.database, time ?? TimeProvider.System);
        Store.Items.ArrangeUnfinished(store.database);
        return store;
    }

    /// <summary>Whether an address is one of a PostgreSQL database, which several studios may share; otherwise it is a file.</summary>
    public static bool IsPostgres(string address) => PostgresAddress.IsAddress(address);

    /// <summary>The keys of the sessions' cookies, as XML, that the studios of a PostgreSQL database share.</summary>
    public IReadOnlyList<string> SessionKeys() =>
        database.Read(connection => connection.Query<string>("SELECT xml FROM session_key").AsList());

    /// <param name="id">Its name.</param>
    /// <param name="xml">The key.</param>
    public void AddSessionKey(string id, string xml) => database.Write(connection => connection.Execute(
        "INSERT INTO session_key (id, xml) VALUES (@id, @xml) ON CONFLICT DO NOTHING", new { id, xml }));

    /// <summary>Whether this process may run the jobs of the store, which one studio does at a time.</summary>
    public bool TryHoldJobs() => database.TryHoldJobs();

    public void Dispose() => database.Dispose();
}
