using System.Data.Common;
using System.Globalization;
using Dapper;

namespace Attune.Store.Postgres;

/// <summary>
/// Reads rows through a cursor, a block at a time: between two blocks the connection is free for other commands, and memory stays small.
/// https://www.postgresql.org/docs/current/sql-declare.html
/// </summary>
sealed class CursorRows : Rows
{
    const int BlockSize = 1000;

    readonly DbConnection connection;
    readonly string cursor = $"c{Guid.NewGuid():N}";
    readonly List<object[]> block = [];
    int at;

    public CursorRows(DbConnection connection, string sql, object parameters)
    {
        this.connection = connection;
        connection.Execute(new CommandDefinition(
            $"DECLARE {cursor} NO SCROLL CURSOR FOR {sql}", parameters, flags: CommandFlags.NoCache));     // its name occurs once
        Fetch();
    }

    object[] Row => block[at - 1];

    public override bool Read()
    {
        if (at == BlockSize)
            Fetch();
        return at < block.Count && ++at > 0;
    }

    void Fetch()
    {
        block.Clear();
        at = 0;
        using var command = connection.CreateCommand();
        command.CommandText = $"FETCH {BlockSize} FROM {cursor}";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var row = new object[reader.FieldCount];
            reader.GetValues(row);
            block.Add(row);
        }
    }

    public override long Long(int column) => Convert.ToInt64(Row[column], CultureInfo.InvariantCulture);

    public override double Double(int column) => (double)Row[column];

    public override string? TextOrNull(int column) => Row[column] as string;

    public override bool IsNull(int column) => Row[column] is DBNull;

    /// <summary>Does nothing: the cursor ends with its transaction.</summary>
    public override void Dispose()
    {
    }
}
