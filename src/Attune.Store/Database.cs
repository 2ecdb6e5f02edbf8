using System.Collections.Concurrent;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Attune.Store;

/// <summary>
/// One SQLite file with many readers and one writer. A <see cref="Write"/> that has returned is one transaction on disk (WAL mode with full
/// synchronisation, https://sqlite.org/pragma.html#pragma_synchronous).
/// </summary>
sealed class Database : IDisposable
{
    const int Version = 1;
    const int ApplicationId = 0x41_74_74_75;     // "Attu"
    const int MostReaders = 16;
    const int Corrupt = 11;                      // SQLITE_CORRUPT
    const int NotADatabase = 26;                 // SQLITE_NOTADB

    readonly string path;
    readonly SqliteConnection writer;
    readonly Lock writing = new();
    readonly ConcurrentBag<SqliteConnection> readers = [];
    readonly SemaphoreSlim freeReaders = new(MostReaders);
    bool isDurable;

    /// <param name="path">The file, which is created if it does not exist; its folder must exist.</param>
    /// <exception cref="InvalidDataException">The file is not a store, is damaged, or is of a newer version.</exception>
    public Database(string path)
    {
        this.path = path;
        writer = new PreparedConnection(Words(SqliteOpenMode.ReadWriteCreate));
        try
        {
            writer.Open();
            Prepare();
        }
        catch (SqliteException error)
        {
            writer.Dispose();
            throw new InvalidDataException($"{path} cannot be opened as a store of the studio: {error.Message}", error);
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>Reads one consistent state of the file.</summary>
    public T Read<T>(Func<SqliteConnection, T> read)
    {
        freeReaders.Wait();
        var connection = readers.TryTake(out var open) ? open : null;
        try
        {
            connection ??= OpenReader();
            connection.Execute("BEGIN DEFERRED");
            var result = read(connection);
            connection.Execute("COMMIT TRANSACTION");
            readers.Add(connection);
            return result;
        }
        catch (Exception error)
        {
            connection?.Dispose();
            if (IsDamage(error))
                throw Damaged(error);
            throw;
        }
        finally
        {
            freeReaders.Release();
        }
    }

    /// <summary>Runs a transaction; it is on disk when the method returns.</summary>
    public T Write<T>(Func<SqliteConnection, T> write) => Do(write, durable: true);

    public void Write(Action<SqliteConnection> write) => Write(connection =>
    {
        write(connection);
        return true;
    });

    /// <summary>Like <see cref="Write"/>, without waiting for the disk: a power failure may undo it.</summary>
    public T WriteLightly<T>(Func<SqliteConnection, T> write) => Do(write, durable: false);

    T Do<T>(Func<SqliteConnection, T> write, bool durable)
    {
        lock (writing)
        {
            BeDurable(durable);
            writer.Execute("BEGIN IMMEDIATE");
            try
            {
                var result = write(writer);
                writer.Execute("COMMIT TRANSACTION");
                return result;
            }
            catch (Exception error)
            {
                if (SQLitePCL.raw.sqlite3_get_autocommit(writer.Handle) == 0)
                    writer.Execute("ROLLBACK TRANSACTION");
                if (IsDamage(error))
                    throw Damaged(error);
                throw;
            }
        }
    }

    /// <summary>Runs a pragma without caching the statement: a pragma takes effect when it is compiled.</summary>
    void BeDurable(bool durable)
    {
        if (isDurable != durable)
            Once(durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
        isDurable = durable;
    }

    void Once(string sql)
    {
        using var command = new SqliteCommand(sql, writer);
        command.ExecuteNonQuery();
    }

    SqliteConnection OpenReader()
    {
        var connection = new PreparedConnection(Words(SqliteOpenMode.ReadOnly));
        connection.Open();
        return connection;
    }

    string Words(SqliteOpenMode mode) => new SqliteConnectionStringBuilder
    {
        DataSource = path,
        Mode = mode,
        Pooling = false,
        ForeignKeys = true,
        DefaultTimeout = 30,
    }.ToString();

    void Prepare()
    {
        Once("PRAGMA journal_mode = WAL");
        BeDurable(true);
        if (writer.ExecuteScalar<long>("SELECT count(*) FROM sqlite_schema") == 0)
            Write(_ => Once($"{Schema()}\nPRAGMA user_version = {Version}; PRAGMA application_id = {ApplicationId};"));
        else
            MustBeStore(writer, path);
    }

    /// <param name="connection">A connection to the file.</param>
    /// <param name="shown">The path for messages.</param>
    /// <exception cref="InvalidDataException">The file is another SQLite file, or a store of another version.</exception>
    public static void MustBeStore(SqliteConnection connection, string shown)
    {
        if (connection.ExecuteScalar<long>("PRAGMA application_id") != ApplicationId)
            throw new InvalidDataException($"{shown} is an SQLite file, but not a store of the studio");
        if (connection.ExecuteScalar<long>("PRAGMA user_version") is not Version and var version)
            throw new InvalidDataException(
                $"{shown} has version {version}, but this program needs version {Version}; open it with the program that created it");
    }

    static bool IsDamage(Exception error) => error is SqliteException { SqliteErrorCode: Corrupt or NotADatabase };

    InvalidDataException Damaged(Exception error) => new($"{path} is damaged ({error.Message}); restore a backup", error);

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
        freeReaders.Dispose();
    }
}
