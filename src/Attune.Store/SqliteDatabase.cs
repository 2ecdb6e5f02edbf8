using System.Collections.Concurrent;
using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Attune.Store;

/// <summary>
/// One SQLite file with many readers and one writer. A <see cref="Write"/> that has returned is one transaction on disk: SQLite appends it
/// to the WAL, and <see cref="LogFlush"/> flushes the WAL for all writes that wait. https://sqlite.org/wal.html
/// </summary>
sealed class SqliteDatabase : Database
{
    const int ApplicationId = 0x41_74_74_75;     // "Attu"
    const int MostReaders = 16;
    const int LongestWait = 1000;                // ms in which SQLite itself tries to write again, soon and then every 100 ms
    const int LargestLog = 16 << 20;             // bytes after which the WAL is moved into the file, and that it keeps then
    const int PageSize = 4 << 10;

    /// <summary>After this time without a change the store is whole in its file, and the WAL is empty.</summary>
    static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);

    readonly string path;
    readonly PreparedConnection writer;
    readonly Lock writing = new();
    readonly ConcurrentBag<PreparedConnection> readers = [];
    readonly SemaphoreSlim freeReaders = new(MostReaders);
    readonly LogFlush log;
    readonly GroupedWrites grouped;
    readonly Timer idle;
    FileStream? jobs;
    bool isClosed;

    /// <param name="path">The file, which is created if it does not exist.</param>
    /// <exception cref="InvalidDataException">The file is not a store, is damaged, is of a newer version, or is missing where a store
    /// was.</exception>
    public SqliteDatabase(string path)
    {
        this.path = path;
        PrivateFolder.Create(Path.GetDirectoryName(Path.GetFullPath(path))!);
        StoreFile.Ensure(path, Create);
        writer = new(ConnectionString(path, SqliteOpenMode.ReadWrite));
        log = new(() => $"{SQLitePCL.raw.sqlite3_db_filename(writer.Handle, "main").utf8_to_string()}-wal");
        idle = new(_ => EmptyLogWhenIdle());
        grouped = new(WriteGroup);
        try
        {
            writer.Open();
            Prepare();
        }
        catch (SqliteException error)
        {
            Close();
            throw new InvalidDataException($"{path} cannot be opened as a store of the studio: {error.Message}", error);
        }
        catch
        {
            Close();
            throw;
        }

        void Close()
        {
            grouped.Dispose();
            idle.Dispose();
            log.Dispose();
            writer.Dispose();
        }
    }

    public override T Read<T>(Func<DbConnection, T> read)
    {
        freeReaders.Wait();
        var connection = readers.TryTake(out var open) ? open : null;
        try
        {
            connection ??= OpenReader();
            connection.Run("BEGIN DEFERRED");
            var result = read(connection);
            connection.Run("COMMIT TRANSACTION");
            readers.Add(connection);
            return result;
        }
        catch (Exception error)
        {
            connection?.Dispose();
            if (Explained(error) is { } explained)
                throw explained;
            throw;
        }
        finally
        {
            freeReaders.Release();
        }
    }

    public override T Write<T>(Func<DbConnection, T> write)
    {
        var result = WriteLightly(write);
        log.Wait().GetAwaiter().GetResult();
        return result;
    }

    public override async Task<T> WriteAsync<T>(Func<DbConnection, T> write)
    {
        var result = await WriteLightlyAsync(write);
        await log.Wait();
        return result;
    }

    public override Task<T> WriteLightlyAsync<T>(Func<DbConnection, T> write)
    {
        var waiting = new GroupedWrite<T>(write, isDurable: false);     // WriteAsync waits for the disk itself
        grouped.Add(waiting);
        return waiting.Task;
    }

    public override T WriteLightly<T>(Func<DbConnection, T> write)
    {
        lock (writing)
        {
            try
            {
                writer.Run("BEGIN IMMEDIATE");
                var result = write(writer);
                writer.Run("COMMIT TRANSACTION");
                return result;
            }
            catch (Exception error)
            {
                if (HasTransaction)
                    writer.Run("ROLLBACK TRANSACTION");
                if (Explained(error) is { } explained)
                    throw explained;
                throw;
            }
            finally
            {
                idle.Change(Idle, Timeout.InfiniteTimeSpan);
            }
        }
    }

    bool HasTransaction => SQLitePCL.raw.sqlite3_get_autocommit(writer.Handle) == 0;

    /// <summary>The error with the file and what to do; null where the error is not about the file.</summary>
    Exception? Explained(Exception error) => (error as SqliteException)?.Explain(path);

    protected override List<Exception?> WriteGroup(IReadOnlyList<GroupedWrite> group, Func<DbConnection, List<Exception?>> run) =>
        WriteLightly(run);

    protected override Exception? RunWithin(DbConnection connection, GroupedWrite write)
    {
        writer.Run("SAVEPOINT change");
        try
        {
            write.Run(writer);
            writer.Run("RELEASE change");
            return null;
        }
        catch (Exception error) when (HasTransaction)     // otherwise SQLite has rolled everything back
        {
            writer.Run("ROLLBACK TO change");
            writer.Run("RELEASE change");
            return Explained(error) ?? error;
        }
    }

    void EmptyLogWhenIdle()
    {
        if (!writing.TryEnter())
            return;                     // a change is being made, and sets the timer again
        try
        {
            if (!isClosed && !EmptyLog())
                idle.Change(Idle, Timeout.InfiniteTimeSpan);
        }
        finally
        {
            writing.Exit();
        }
    }

    /// <summary>Moves all changes from the WAL into the file. https://sqlite.org/pragma.html#pragma_wal_checkpoint</summary>
    /// <returns>False where a reader still needs the WAL.</returns>
    bool EmptyLog()
    {
        try
        {
            using var command = new SqliteCommand("PRAGMA wal_checkpoint(TRUNCATE)", writer);
            using var result = command.ExecuteReader();
            return result.Read() && result.GetInt64(0) == 0;
        }
        catch (SqliteException)
        {
            return true;                // the changes are on disk in the WAL, and the next change reports what is wrong
        }
    }

    /// <summary>Runs a pragma without caching the statement: a pragma takes effect when it is compiled.</summary>
    void Once(string sql)
    {
        using var command = new SqliteCommand(sql, writer);
        command.ExecuteNonQuery();
    }

    PreparedConnection OpenReader()
    {
        var connection = new PreparedConnection(ConnectionString(path, SqliteOpenMode.ReadOnly));
        connection.Open();
        return connection;
    }

    static string ConnectionString(string path, SqliteOpenMode mode) => new SqliteConnectionStringBuilder
    {
        DataSource = path,
        Mode = mode,
        Pooling = false,
        ForeignKeys = true,
        DefaultTimeout = 30,
    }.ToString();

    static void Create(string file)
    {
        using var connection = new SqliteConnection(ConnectionString(file, SqliteOpenMode.ReadWrite));
        connection.Open();
        using var command = new SqliteCommand($"BEGIN; {Schema()}\nCOMMIT", connection);
        command.ExecuteNonQuery();
    }

    void Prepare()
    {
        MustBeStore(writer, path);
        Once("PRAGMA journal_mode = WAL");
        Once($"PRAGMA journal_size_limit = {LargestLog}");
        Once($"PRAGMA busy_timeout = {LongestWait}");
        Once("PRAGMA synchronous = NORMAL");     // a commit does not wait for the disk; Write does
        Once("PRAGMA temp_store = MEMORY");      // what a savepoint may have to undo
        Once($"PRAGMA wal_autocheckpoint = {LargestLog / PageSize}");     // fewer moves of more changes each
        if (!IsCurrent())
            StoreUpgrade.Run(writer, Schema(), IsCurrent);
    }

    bool IsCurrent() => VersionOf(writer) == Version;

    public static long VersionOf(SqliteConnection connection) => connection.ExecuteScalar<long>("PRAGMA user_version");

    /// <param name="connection">A connection to the file.</param>
    /// <param name="shown">The path for messages.</param>
    /// <exception cref="InvalidDataException">The file is another SQLite file, or a store of a newer version.</exception>
    public static void MustBeStore(SqliteConnection connection, string shown)
    {
        if (connection.ExecuteScalar<long>("SELECT count(*) FROM sqlite_schema") == 0)
            throw new InvalidDataException(
                $"{shown} has no tables, so it is not a store; a copy of a store's file may be incomplete: copy stores with "
                + "`attune feedback backup`");
        if (connection.ExecuteScalar<long>("PRAGMA application_id") != ApplicationId)
            throw new InvalidDataException($"{shown} is an SQLite file, but not a store of the studio");
        if (VersionOf(connection) is > Version and var version)
            throw new InvalidDataException(
                $"{shown} has version {version}, but this program needs version {Version}; open it with the program that created it");
    }

    static new string Schema() =>
        $"{Database.Schema()}\nPRAGMA user_version = {Version}; PRAGMA application_id = {ApplicationId};";

    /// <summary>Holds a lock on <c>jobs.lock</c> in the folder of the file.</summary>
    public override bool TryHoldJobs()
    {
        try
        {
            jobs ??= new(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "jobs.lock"), FileMode.OpenOrCreate,
                FileAccess.ReadWrite, FileShare.None);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Closes the store, which is then whole in its file.</summary>
    public override void Dispose()
    {
        if (isClosed)
            return;
        grouped.Dispose();
        lock (writing)
        {
            if (isClosed)
                return;
            isClosed = true;
            jobs?.Dispose();
            idle.Dispose();
            foreach (var reader in readers)
                reader.Dispose();
            EmptyLog();
            log.Dispose();
            writer.Dispose();
        }
        freeReaders.Dispose();
    }
}
