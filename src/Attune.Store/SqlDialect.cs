using System.Data.Common;
using Attune.Store.Postgres;
using Microsoft.Data.Sqlite;

namespace Attune.Store;

/// <summary>What SQLite and PostgreSQL do differently. All other SQL is the same text for both.</summary>
abstract class SqlDialect
{
    static readonly SqliteDialect Sqlite = new();
    static readonly PostgresDialect Postgres = new();

    /// <summary>Compares texts with a pattern, ignoring the case of ASCII letters.</summary>
    public abstract string Like { get; }

    public static SqlDialect Of(DbConnection connection) => connection is SqliteConnection ? Sqlite : Postgres;

    /// <summary>Follows the name of a table that must be read by an index; null: by none.</summary>
    public abstract string IndexedBy(string? index);

    /// <summary>
    /// A text that is the same for decisions on other questions with the same outcomes and ranks, or ratings where there are no ranks.
    /// </summary>
    /// <param name="judgments">The column with a <see cref="Judgment"/> for each question, by key.</param>
    public abstract string ChoicesOf(string judgments);

    /// <summary>Reads a large result; other commands may run on the connection meanwhile.</summary>
    /// <param name="connection">The connection, in a transaction.</param>
    /// <param name="sql">The query.</param>
    /// <param name="parameters">An object whose properties are its parameters.</param>
    public abstract Rows Query(DbConnection connection, string sql, object parameters);

    /// <summary>Inserts many rows: an import has hundreds of thousands.</summary>
    public abstract void Insert(DbConnection connection, string table, IReadOnlyList<string> columns, IEnumerable<object?[]> rows);

    /// <summary>The largest id that a row of a table has or had.</summary>
    public abstract long LastId(DbConnection connection, string table);

    /// <summary>Makes the ids of new rows begin after one.</summary>
    public abstract void SetLastId(DbConnection connection, string table, long last);

    /// <summary>Runs changes that triggers must not see, since they contain the counts that triggers keep.</summary>
    public abstract void WithoutTriggers(DbConnection connection, IReadOnlyList<string> tables, Action change);

    /// <summary>Reserves consecutive ids for rows that are inserted with them.</summary>
    /// <returns>The first one.</returns>
    public long TakeIds(DbConnection connection, string table, int count)
    {
        var last = LastId(connection, table);
        if (count > 0)
            SetLastId(connection, table, last + count);
        return last + 1;
    }
}
