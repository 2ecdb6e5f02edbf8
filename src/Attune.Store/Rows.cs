using System.Data;
using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Attune.Store;

/// <summary>
/// The rows of a query, over SQLite's own interface: of large projects hundreds of thousands are read at once, and ADO.NET asks several
/// times for the type of each value.
/// </summary>
sealed class Rows : IDisposable
{
    readonly IDataReader reader;                                 // keeps Dapper's command alive, which owns the statement
    readonly sqlite3_stmt row;

    /// <param name="connection">The connection.</param>
    /// <param name="sql">The query.</param>
    /// <param name="parameters">An object whose properties are its parameters.</param>
    public Rows(DbConnection connection, string sql, object parameters)
    {
        reader = connection.ExecuteReader(sql, parameters);
        row = ((SqliteDataReader)((IWrappedDataReader)reader).Reader).Handle!;
    }

    /// <summary>Reads the next row.</summary>
    /// <returns>False where there is none.</returns>
    public bool Read() => reader.Read();

    public long Long(int column) => raw.sqlite3_column_int64(row, column);

    public int Int(int column) => raw.sqlite3_column_int(row, column);

    public int? IntOrNull(int column) => IsNull(column) ? null : Int(column);

    public double Double(int column) => raw.sqlite3_column_double(row, column);

    public string Text(int column) => raw.sqlite3_column_text(row, column).utf8_to_string();

    /// <summary>A text; null for null.</summary>
    public string? TextOrNull(int column) => raw.sqlite3_column_text(row, column).utf8_to_string();

    bool IsNull(int column) => raw.sqlite3_column_type(row, column) == raw.SQLITE_NULL;

    public void Dispose() => reader.Dispose();
}
