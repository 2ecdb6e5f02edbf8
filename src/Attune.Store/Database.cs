using System.Data.Common;

namespace Attune.Store;

/// <summary>The database of a store: many readers and one writer. Methods are thread-safe.</summary>
abstract class Database : IDisposable
{
    /// <summary>The version of the schema in <c>Schema.sql</c>.</summary>
    public const int Version = 4;

    /// <summary>Reads one consistent state.</summary>
    public abstract T Read<T>(Func<DbConnection, T> read);

    /// <summary>Runs a transaction; it is on disk when the method returns.</summary>
    public abstract T Write<T>(Func<DbConnection, T> write);

    public void Write(Action<DbConnection> write) => Write(connection =>
    {
        write(connection);
        return true;
    });

    /// <summary>Like <see cref="Write"/>, without a thread that waits for other writes or for the disk.</summary>
    public abstract Task<T> WriteAsync<T>(Func<DbConnection, T> write);

    /// <summary>Like <see cref="Write"/>, without waiting for the disk: a power failure may undo it.</summary>
    public abstract T WriteLightly<T>(Func<DbConnection, T> write);

    /// <summary>Like <see cref="WriteLightly"/>, without a thread that waits for other writes.</summary>
    public abstract Task<T> WriteLightlyAsync<T>(Func<DbConnection, T> write);

    public abstract void Dispose();

    /// <summary>The SQL that creates the tables of the current version.</summary>
    protected static string Schema()
    {
        using var reader = new StreamReader(typeof(Database).Assembly.GetManifestResourceStream("Schema.sql")!);
        return reader.ReadToEnd();
    }
}
