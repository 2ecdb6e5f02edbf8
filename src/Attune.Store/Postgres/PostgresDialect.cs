using System.Data.Common;
using Dapper;
using Npgsql;
using NpgsqlTypes;

namespace Attune.Store.Postgres;

sealed class PostgresDialect : SqlDialect
{
    public override string Like => "ILIKE";

    /// <summary>PostgreSQL has no such clause; it chooses by its statistics.</summary>
    public override string IndexedBy(string? index) => "";

    public override string ChoicesOf(string judgments) => $"""
        (SELECT string_agg(key || (value ->> 'outcome') || coalesce(value ->> 'ranks', value ->> 'ratings', ''), ',' ORDER BY key)
            FROM jsonb_each(CAST({judgments} AS jsonb)))
        """;

    public override Rows Query(DbConnection connection, string sql, object parameters) => new CursorRows(connection, sql, parameters);

    /// <summary>https://www.npgsql.org/doc/copy.html</summary>
    public override void Insert(DbConnection connection, string table, IReadOnlyList<string> columns, IEnumerable<object?[]> rows)
    {
        using var import = ((NpgsqlConnection)connection).BeginBinaryImport(
            $"COPY {table} ({string.Join(", ", columns)}) FROM STDIN (FORMAT BINARY)");
        import.Timeout = Timeout.InfiniteTimeSpan;
        foreach (var row in rows)
        {
            import.StartRow();
            foreach (var value in row)
                Write(import, value);
        }
        import.Complete();
    }

    static void Write(NpgsqlBinaryImporter import, object? value)
    {
        switch (value)
        {
            case null:
                import.WriteNull();
                break;
            case string text:
                import.Write(text.Replace('\0', '\uFFFD'), NpgsqlDbType.Text);     // PostgreSQL's texts cannot contain U+0000
                break;
            case double number:
                import.Write(number, NpgsqlDbType.Double);
                break;
            case byte[] bytes:
                import.Write(bytes, NpgsqlDbType.Bytea);
                break;
            default:
                import.Write(Convert.ToInt64(value, null), NpgsqlDbType.Bigint);
                break;
        }
    }

    public override long LastId(DbConnection connection, string table) =>
        connection.ExecuteScalar<long>($"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {table}_id_seq");

    public override void SetLastId(DbConnection connection, string table, long last) =>
        connection.Execute($"SELECT setval('{table}_id_seq', greatest(@last, 1), @last > 0)", new { last });

    public override void WithoutTriggers(DbConnection connection, IReadOnlyList<string> tables, Action change)
    {
        foreach (var table in tables)
            connection.Execute($"ALTER TABLE {table} DISABLE TRIGGER USER");
        change();
        foreach (var table in tables)
            connection.Execute($"ALTER TABLE {table} ENABLE TRIGGER USER");
    }
}
