using System.Collections.Concurrent;
using System.Data.Common;
using Attune.Store.Postgres;
using Attune.Testing;
using Dapper;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Attune.Store.Tests;

public enum StoreKind
{
    Sqlite,
    Postgres,
}

/// <summary>The address of a store without people and projects. Tests of PostgreSQL share some databases, one after the other.</summary>
sealed class EmptyStore : IDisposable
{
    static readonly ConcurrentBag<string> Databases = [];

    readonly StoreKind kind;
    readonly TemporaryFolder folder = new();

    public EmptyStore(StoreKind kind)
    {
        this.kind = kind;
        if (kind == StoreKind.Sqlite)
            Address = folder.File("studio.db");
        else if (Databases.TryTake(out var used))
            Clean(Address = used);
        else
            Address = PostgresServer.CreateDatabase();
    }

    public string Address { get; }

    public DbConnection Connect() => Open(Address);

    static DbConnection Open(string address)
    {
        DbConnection connection = PostgresAddress.IsAddress(address)
            ? new NpgsqlConnection($"{PostgresAddress.Parse(address)};Pooling=False")
            : new SqliteConnection($"Data Source={address};Pooling=False");
        connection.Open();
        return connection;
    }

    /// <summary>Queries the store over another connection.</summary>
    public T Ask<T>(string sql)
    {
        using var connection = Connect();
        return connection.ExecuteScalar<T>(sql)!;
    }

    static void Clean(string address)
    {
        using var connection = Open(address);
        var tables = connection.Query<string>(
            "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('store', 'attune_version')");
        var sequences = connection.Query<string>("SELECT sequencename::text FROM pg_sequences");
        connection.Execute($"""
            SET session_replication_role = replica;
            {string.Concat(tables.Select(table => $"DELETE FROM {table};"))}
            {string.Concat(sequences.Select(sequence => $"ALTER SEQUENCE {sequence} RESTART;"))}
            """);
    }

    public void Dispose()
    {
        if (kind == StoreKind.Postgres)
            Databases.Add(Address);
        folder.Dispose();
    }
}
