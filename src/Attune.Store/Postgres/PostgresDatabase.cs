using System.Data;
using System.Data.Common;
using Dapper;
using Npgsql;

namespace Attune.Store.Postgres;

/// <summary>
/// A PostgreSQL database, which several studios may use at once. A transaction that writes begins with an advisory lock, so that there is
/// one writer among all studios, as in SQLite. A transaction whose connection is lost is repeated on another one; if it was lost during the
/// commit, PostgreSQL is asked whether it was committed. https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
/// </summary>
sealed class PostgresDatabase : Database
{
    const int OldestServer = 13;
    const int WriterLock = 0x41_74_74_75, JobLock = WriterLock + 1;     // "Attu"; the second number of a lock is the schema

    /// <summary>A studio that hangs must not keep the others from writing.</summary>
    const string Limits = "-c lock_timeout=30s -c idle_in_transaction_session_timeout=60s -c cursor_tuple_fraction=1";

    /// <summary>The wait before a transaction is repeated for the first time, which doubles each time, and the last one.</summary>
    static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(50), LastWait = TimeSpan.FromSeconds(3.2);

    readonly string shown;
    readonly NpgsqlDataSource source;
    readonly Lock writing = new(), holding = new();
    readonly GroupedWrites grouped;
    NpgsqlConnection? jobs;
    bool isClosed;

    /// <param name="address">The address, as <see cref="PostgresAddress"/> reads it.</param>
    /// <exception cref="InvalidDataException">The database is not a store, or is of a newer version, or the user may not use
    /// it.</exception>
    /// <exception cref="IOException">The server cannot be reached.</exception>
    public PostgresDatabase(string address)
    {
        var parsed = PostgresAddress.Parse(address);
        shown = PostgresAddress.Shown(parsed);
        parsed.Options = $"{parsed.Options} {Limits}".Trim();
        parsed.ApplicationName ??= "attune";
        parsed.MaxAutoPrepare = 200;
        parsed.AutoPrepareMinUsages = 2;
        parsed.KeepAlive = 30;
        parsed.CommandTimeout = 0;     // a slow statement is no lost connection; TCP finds out whether the server can be reached
        if (parsed.Host?.StartsWith('/') == false)
            (parsed.TcpKeepAlive, parsed.TcpKeepAliveTime, parsed.TcpKeepAliveInterval) = (true, 30, 10);
        parsed.NoResetOnClose = true;     // transactions change no setting of the session
        source = NpgsqlDataSource.Create(parsed);
        grouped = new(WriteGroup);
        try
        {
            Prepare();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public override T Read<T>(Func<DbConnection, T> read) => Repeated(() =>
    {
        using var connection = source.OpenConnection();
        using var transaction = connection.BeginTransaction(IsolationLevel.RepeatableRead);
        var result = read(connection);
        transaction.Commit();
        return result;
    });

    public override T Write<T>(Func<DbConnection, T> write) => Write(write, isDurable: true);

    public override T WriteLightly<T>(Func<DbConnection, T> write) => Write(write, isDurable: false);

    public override Task<T> WriteAsync<T>(Func<DbConnection, T> write) => AddToGroup(write, isDurable: true);

    public override Task<T> WriteLightlyAsync<T>(Func<DbConnection, T> write) => AddToGroup(write, isDurable: false);

    Task<T> AddToGroup<T>(Func<DbConnection, T> write, bool isDurable)
    {
        var waiting = new GroupedWrite<T>(write, isDurable);
        grouped.Add(waiting);
        return waiting.Task;
    }

    protected override List<Exception?> WriteGroup(IReadOnlyList<GroupedWrite> group, Func<DbConnection, List<Exception?>> run) =>
        Write(run, group.Any(write => write.IsDurable));

    protected override Exception? RunWithin(DbConnection connection, GroupedWrite write)
    {
        connection.Execute("SAVEPOINT change");
        try
        {
            write.Run(connection);
            connection.Execute("RELEASE SAVEPOINT change");
            return null;
        }
        catch (Exception error) when (connection.State == ConnectionState.Open)     // otherwise the whole transaction is repeated
        {
            connection.Execute("ROLLBACK TO SAVEPOINT change; RELEASE SAVEPOINT change");
            return (error as NpgsqlException)?.Explain(shown) ?? error;
        }
    }

    T Write<T>(Func<DbConnection, T> write, bool isDurable)
    {
        lock (writing)
        {
            (string Transaction, T Result)? unconfirmed = null;
            return Repeated(() =>
            {
                using var connection = source.OpenConnection();
                using var transaction = connection.BeginTransaction(IsolationLevel.ReadCommitted);
                var id = Begin(connection, isDurable);
                if (unconfirmed is { } before && IsCommitted(connection, before.Transaction))
                    return before.Result;
                unconfirmed = null;
                var result = write(connection);
                unconfirmed = (id, result);
                transaction.Commit();
                return result;
            });
        }
    }

    /// <summary>Waits until no other studio writes. The statements that follow see everything that was committed before.</summary>
    /// <returns>The id of the transaction.</returns>
    static string Begin(DbConnection connection, bool isDurable) => connection.ExecuteScalar<string>($"""
        SELECT pg_current_xact_id()::text {(isDurable ? "" : ", set_config('synchronous_commit', 'off', true)")}
        FROM pg_advisory_xact_lock({WriterLock}, hashtext(current_schema()))
        """)!;

    /// <summary>Whether an earlier transaction was committed. It has ended, since this one has the lock.</summary>
    static bool IsCommitted(DbConnection connection, string transaction) =>
        connection.ExecuteScalar<string?>("SELECT pg_xact_status(CAST(@transaction AS xid8))", new { transaction }) == "committed";

    /// <summary>Runs a transaction, and again where its connection is lost, for some seconds.</summary>
    T Repeated<T>(Func<T> run)
    {
        for (var wait = FirstWait; ; wait *= 2)
            try
            {
                return run();
            }
            catch (NpgsqlException error) when (error.IsLost() && wait <= LastWait)
            {
                source.Clear();
                Thread.Sleep(wait);
            }
            catch (NpgsqlException error)
            {
                if (error.Explain(shown) is { } explained)
                    throw explained;
                throw;
            }
    }

    public override bool TryHoldJobs()
    {
        lock (holding)
            try
            {
                if (jobs is not null)
                    return jobs.ExecuteScalar<long>("SELECT 1") == 1;     // throws where the connection, and with it the lock, is lost
                var connection = source.OpenConnection();
                var isHeld = connection.ExecuteScalar<bool>($"SELECT pg_try_advisory_lock({JobLock}, hashtext(current_schema()))");
                if (isHeld)
                    jobs = connection;
                else
                    connection.Dispose();
                return isHeld;
            }
            catch (NpgsqlException)
            {
                jobs?.Dispose();
                jobs = null;
                return false;
            }
    }

    void Prepare() => Write(connection =>
    {
        var version = ((NpgsqlConnection)connection).PostgreSqlVersion;
        if (version.Major < OldestServer)
            throw new InvalidDataException($"{shown} is PostgreSQL {version}; version {OldestServer} or later is needed");
        PostgresSchema.Prepare(connection, Schema(), Version, shown);
    });

    public override void Dispose()
    {
        if (Interlocked.Exchange(ref isClosed, true))
            return;
        grouped.Dispose();
        jobs?.Dispose();
        source.Dispose();
    }
}
