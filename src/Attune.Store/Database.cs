using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Attune.Store;

/// <summary>
/// One SQLite file: many readers, one writer. A transaction that <see cref="Write"/> has ended is on disk (WAL mode with full
/// synchronisation, https://sqlite.org/pragma.html#pragma_synchronous).
/// </summary>
sealed class Database : IDisposable
{
    internal const int Version = 1;
    internal const int ApplicationId = 0x41_74_74_75;     // "Attu"

    readonly string path;
    readonly SqliteConnection writer;
    readonly Lock writing = new();
    readonly ConcurrentBag<SqliteConnection> readers = [];

    /// <param name="path">Is made where it does not exist; its folder must.</param>
    /// <exception cref="InvalidDataException">It is no store, a damaged one, or one of a newer version.</exception>
    public Database(string path)
    {
        this.path = path;
        writer = Open(SqliteOpenMode.ReadWriteCreate);
        try
        {
            Prepare();
        }
        catch (SqliteException error)
        {
            writer.Dispose();
            throw new InvalidDataException($"{path} should be a store of preferences, and cannot be read as one: {error.Message}", error);
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>Reads one state of the file.</summary>
    public T Read<T>(Func<SqliteConnection, T> read)
    {
        if (!readers.TryTake(out var connection))
            connection = Open(SqliteOpenMode.ReadOnly);
        try
        {
            using var transaction = connection.BeginTransaction(deferred: true);
            return read(connection);
        }
        finally
        {
            readers.Add(connection);
        }
    }

    /// <summary>All of it or nothing, and when this returns it is on disk.</summary>
    public T Write<T>(Func<SqliteConnection, T> write)
    {
        lock (writing)
        {
            using var transaction = writer.BeginTransaction(deferred: false);
            var result = write(writer);
            transaction.Commit();
            return result;
        }
    }

    public void Write(Action<SqliteConnection> write) => Write(connection =>
    {
        write(connection);
        return true;
    });

    /// <summary>As <see cref="Write"/>, for what a power cut may take back: it does not wait for the disk.</summary>
    public T WriteLightly<T>(Func<SqliteConnection, T> write)
    {
        lock (writing)
        {
            Execute("PRAGMA synchronous = NORMAL");
            try
            {
                return Write(write);
            }
            finally
            {
                Execute("PRAGMA synchronous = FULL");
            }
        }
    }

    SqliteConnection Open(SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = mode,
            Pooling = false,
            ForeignKeys = true,
            DefaultTimeout = 30,
        }.ToString());
        connection.Open();
        return connection;
    }

    void Prepare()
    {
        Execute("PRAGMA journal_mode = WAL");
        Execute("PRAGMA synchronous = FULL");
        var (version, application, tables) = (Number("PRAGMA user_version"), Number("PRAGMA application_id"), Number("SELECT count(*) FROM sqlite_schema"));
        if (tables == 0)
            Write(_ => Execute($"{Schema()}\nPRAGMA user_version = {Version}; PRAGMA application_id = {ApplicationId};"));
        else if (application != ApplicationId)
            throw new InvalidDataException($"{path} should be a store of preferences, found another SQLite file");
        else if (version != Version)
            throw new InvalidDataException($"{path} is of version {version}, this program reads version {Version}; use the program that made it");
    }

    int Execute(string sql)
    {
        using var command = writer.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteNonQuery();
    }

    long Number(string sql)
    {
        using var command = writer.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }

    static string Schema()
    {
        using var reader = new StreamReader(typeof(Database).Assembly.GetManifestResourceStream("Schema.sql")!);
        return reader.ReadToEnd();
    }

    public void Dispose()
    {
        foreach (var reader in readers)
            reader.Dispose();
        writer.Dispose();
    }
}
