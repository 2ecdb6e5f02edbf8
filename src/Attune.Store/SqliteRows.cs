using System.Data;
using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Attune.Store;

/// <summary>
/// Reads rows over SQLite's own interface: of large projects hundreds of thousands are read at once, and ADO.NET asks several times for the
/// type of each value.
/// </summary>
sealed class SqliteRows : Rows
{
    readonly IDataReader reader;                                 // keeps Dapper's command alive, which owns the statement
    readonly sqlite3_stmt row;

    /// <param name="connection">The connection.</param>
    /// <param name="sql">The query.</param>
    /// <param name="parameters">An object whose properties are its parameters.</param>
    public SqliteRows(DbConnection connection, string sql, object parameters)
    {
        reader = connection.ExecuteReader(sql, parameters);
        row = ((SqliteDataReader)((IWrappedDataReader)reader).Reader).Handle!;
    }

    public override bool Read() => reader.Read();

    public override long Long(int column) => raw.sqlite3_column_int64(row, column);

    public override double Double(int column) => raw.sqlite3_column_double(row, column);

    public override string? TextOrNull(int column) => raw.sqlite3_column_text(row, column).utf8_to_string();

    public override bool IsNull(int column) => raw.sqlite3_column_type(row, column) == raw.SQLITE_NULL;

    public override void Dispose() => reader.Dispose();
}
