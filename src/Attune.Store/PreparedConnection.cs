using System.Data;
using Microsoft.Data.Sqlite;

namespace Attune.Store;

/// <summary>
/// A connection that compiles each statement once and caches it: the same SQL runs thousands of times, and compiling costs as much as
/// running it.
/// </summary>
sealed class PreparedConnection(string connection) : SqliteConnection(connection)
{
    const int Most = 200;

    readonly Dictionary<string, SqliteCommand> kept = [];

    public override SqliteCommand CreateCommand() =>
        new Command(this) { Connection = this, CommandTimeout = DefaultTimeout, Transaction = Transaction };

    /// <summary>Runs a statement without parameters.</summary>
    public void Run(string sql)
    {
        var command = Take(sql);
        try
        {
            command.ExecuteNonQuery();
        }
        finally
        {
            Keep(command);
        }
    }

    SqliteCommand Take(string sql)
    {
        if (kept.Remove(sql, out var command))
            return command;
        command = new(sql, this);
        if (!sql.Contains(';'))     // a statement may need a table that the one before it creates
            command.Prepare();
        return command;
    }

    void Keep(SqliteCommand command)
    {
        command.Parameters.Clear();
        if (State != ConnectionState.Open || kept.Count >= Most || !kept.TryAdd(command.CommandText, command))
            command.Dispose();
    }

    protected override void Dispose(bool disposing)
    {
        foreach (var command in kept.Values)
            command.Dispose();
        kept.Clear();
        base.Dispose(disposing);
    }

    /// <summary>Forwards SQL and parameters to the cached statement.</summary>
    sealed class Command(PreparedConnection owner) : SqliteCommand
    {
        SqliteCommand? prepared;

        public override SqliteDataReader ExecuteReader(CommandBehavior behavior)
        {
            if (prepared?.CommandText != CommandText)
            {
                Return();
                prepared = owner.Take(CommandText);
            }
            prepared.Transaction = Transaction;
            prepared.CommandTimeout = CommandTimeout;
            prepared.Parameters.Clear();
            foreach (SqliteParameter parameter in Parameters)
                prepared.Parameters.Add(parameter);
            return prepared.ExecuteReader(behavior);
        }

        void Return()
        {
            if (prepared is not null)
                owner.Keep(prepared);
            prepared = null;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                Return();
            base.Dispose(disposing);
        }
    }
}
