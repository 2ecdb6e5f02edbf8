using System.Data.Common;
using System.Text.RegularExpressions;
using Attune.Store.Postgres;

namespace Attune.Store;

/// <summary>The database of a store: many readers and one writer. Methods are thread-safe.</summary>
abstract partial class Database : IDisposable
{
    /// <summary>The version of the schema in <c>Schema.sql</c>.</summary>
    public const int Version = 4;

    /// <param name="address">A file, which is created if it does not exist, or the address of a PostgreSQL database.</param>
    /// <exception cref="InvalidDataException">It is not a store, is damaged or of a newer version, or a file is missing where a store
    /// was.</exception>
    public static Database Open(string address) =>
        PostgresAddress.IsAddress(address) ? new PostgresDatabase(address) : new SqliteDatabase(address);

    /// <summary>Reads one consistent state.</summary>
    public abstract T Read<T>(Func<DbConnection, T> read);

    /// <summary>Runs a transaction; it is on disk when the method returns.</summary>
    public abstract T Write<T>(Func<DbConnection, T> write);

    public void Write(Action<DbConnection> write) => Write(connection =>
    {
        write(connection);
        return true;
    });

    /// <summary>Like <see cref="Write"/>, without a thread that waits for other writes or for the disk.</summary>
    public abstract Task<T> WriteAsync<T>(Func<DbConnection, T> write);

    /// <summary>Like <see cref="Write"/>, without waiting for the disk: a power failure may undo it.</summary>
    public abstract T WriteLightly<T>(Func<DbConnection, T> write);

    /// <summary>Like <see cref="WriteLightly"/>, without a thread that waits for other writes.</summary>
    public abstract Task<T> WriteLightlyAsync<T>(Func<DbConnection, T> write);

    /// <summary>Whether this process may run the jobs, which one studio of a store does. It may until it ends, once it may.</summary>
    public abstract bool TryHoldJobs();

    public abstract void Dispose();

    /// <summary>Runs changes in one transaction. A change that fails is rolled back alone; if the transaction fails, all of them
    /// fail.</summary>
    protected void WriteGroup(IReadOnlyList<GroupedWrite> group)
    {
        try
        {
            var errors = WriteGroup(group, connection => group.Select(write => RunWithin(connection, write)).ToList());
            foreach (var (write, error) in group.Zip(errors))
                if (error is null)
                    write.Succeed();
                else
                    write.Fail(error);
        }
        catch (Exception error)
        {
            foreach (var write in group)
                write.Fail(error);
        }
    }

    /// <summary>Runs a transaction that makes the changes of a group.</summary>
    protected abstract List<Exception?> WriteGroup(IReadOnlyList<GroupedWrite> group, Func<DbConnection, List<Exception?>> run);

    /// <summary>Runs a change within the open transaction.</summary>
    /// <returns>Its error, after which the transaction is as before; null where it succeeded.</returns>
    protected abstract Exception? RunWithin(DbConnection connection, GroupedWrite write);

    /// <summary>The tables of a store, each after those that it refers to.</summary>
    public static IReadOnlyList<string> Tables { get; } =
        [.. Table().Matches(Schema()).Select(match => match.Groups["name"].Value)];

    /// <summary>Whether the rows of a table have ids that the database gives.</summary>
    public static bool HasIds(string table) =>
        Table().Matches(Schema()).Any(match => match.Groups["name"].Value == table && match.Groups["id"].Success);

    [GeneratedRegex("CREATE TABLE (?<name>\\w+) \\((?<id>\\s+id +INTEGER PRIMARY KEY)?",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Table();

    /// <summary>The SQL that creates the tables of the current version.</summary>
    protected static string Schema()
    {
        using var reader = new StreamReader(typeof(Database).Assembly.GetManifestResourceStream("Schema.sql")!);
        return reader.ReadToEnd();
    }
}
