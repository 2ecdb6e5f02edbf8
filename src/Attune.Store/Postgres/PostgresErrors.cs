using Npgsql;

namespace Attune.Store.Postgres;

/// <summary>Messages for PostgreSQL's errors about a database. https://www.postgresql.org/docs/current/errcodes-appendix.html</summary>
static class PostgresErrors
{
    /// <summary>Whether the connection is lost, so that the transaction may succeed on another one.</summary>
    public static bool IsLost(this NpgsqlException error) => error is not PostgresException known
        || known.SqlState is "57P01" or "57P02" or "57P03" or "25P03"            // the server ends or starts; idle in a transaction
            or "53300"                                                         // too many connections
            or "40001" or "40P01"                                              // serialization failure, deadlock
        || known.SqlState.StartsWith("08", StringComparison.Ordinal);

    /// <summary>An exception that names the database and says what to do; null where the error is not about the database.</summary>
    public static Exception? Explain(this NpgsqlException error, string shown) => error switch
    {
        PostgresException { SqlState: "28P01" or "28000" } => new InvalidDataException(
            $"{shown}: {Message(error)}; set the password in the environment variable PGPASSWORD or in ~/.pgpass", error),
        PostgresException { SqlState: "3D000" } => new InvalidDataException(
            $"{shown}: {Message(error)}; create it with `createdb`", error),
        PostgresException { SqlState: "42501" } => new InvalidDataException(
            $"{shown}: {Message(error)}; use a database that the user owns", error),
        PostgresException { SqlState: "22021" or "22P05" } => new InvalidDataException(
            "a text contains the character U+0000, which PostgreSQL cannot store", error),
        PostgresException { SqlState: "53100" } => new IOException($"the disk of {shown} is full; nothing was changed", error),
        PostgresException { SqlState: "55P03" } => new IOException($"{shown} is busy with another transaction; try again", error),
        PostgresException { SqlState: "25006" } => new IOException($"{shown} is read-only; connect to the primary server", error),
        _ when error.IsLost() => new IOException($"{shown} cannot be reached ({Message(error)}); check that PostgreSQL runs", error),
        _ => null,
    };

    static string Message(NpgsqlException error) => error is PostgresException known ? known.MessageText : error.Message;
}
