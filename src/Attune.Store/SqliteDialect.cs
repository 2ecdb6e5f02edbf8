using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Attune.Store;

sealed class SqliteDialect : SqlDialect
{
    public override string Like => "LIKE";

    public override string IndexedBy(string? index) => index is null ? "NOT INDEXED" : $"INDEXED BY {index}";

    public override string ChoicesOf(string judgments) => $"""
        (SELECT group_concat(key || json_extract(value, '$.outcome') ||
            coalesce(json_extract(value, '$.ranks'), json_extract(value, '$.ratings'), '')) FROM json_each({judgments}))
        """;

    public override Rows Query(DbConnection connection, string sql, object parameters) => new SqliteRows(connection, sql, parameters);

    /// <summary>One statement with parameters that are set by hand.</summary>
    public override void Insert(DbConnection connection, string table, IReadOnlyList<string> columns, IEnumerable<object?[]> rows)
    {
        using var command = new SqliteCommand(
            $"INSERT INTO {table} ({string.Join(", ", columns)}) VALUES ({string.Join(", ", columns.Select(column => $"@{column}"))})",
            (SqliteConnection)connection);
        var parameters = columns.Select(column => command.Parameters.Add(new($"@{column}", null))).ToList();
        foreach (var row in rows)
        {
            for (var i = 0; i < row.Length; i++)
                parameters[i].Value = row[i] ?? DBNull.Value;
            command.ExecuteNonQuery();
        }
    }

    public override long LastId(DbConnection connection, string table) =>
        connection.ExecuteScalar<long>("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = @table", new { table });

    public override void SetLastId(DbConnection connection, string table, long last)
    {
        if (connection.Execute("UPDATE sqlite_sequence SET seq = @last WHERE name = @table", new { table, last }) == 0)
            connection.Execute("""
                INSERT INTO sqlite_sequence (name, seq)
                SELECT name, @last FROM sqlite_schema WHERE name = @table AND sql LIKE '%AUTOINCREMENT%'
                """, new { table, last });
    }

    public override void WithoutTriggers(DbConnection connection, IReadOnlyList<string> tables, Action change)
    {
        var triggers = connection.Query<(string Name, string Sql)>("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").AsList();
        connection.Execute("PRAGMA defer_foreign_keys = ON");     // rows of a table may refer to later ones
        triggers.ForEach(trigger => connection.Execute($"DROP TRIGGER {trigger.Name}"));
        change();
        triggers.ForEach(trigger => connection.Execute(trigger.Sql));
    }
}
