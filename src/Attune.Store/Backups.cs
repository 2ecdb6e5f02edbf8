using Dapper;
using Microsoft.Data.Sqlite;

namespace Attune.Store;

/// <summary>What a copy of a store holds.</summary>
public sealed record BackupContent(long Projects, long People, long Items, long Decisions);

/// <summary>Copies of a store: taken while others write to it, and checked before they are trusted.</summary>
public static class Backups
{
    /// <summary>Writes a copy of one state of a store, whole or not at all. Others may go on reading and writing.</summary>
    /// <param name="store">The store's file.</param>
    /// <param name="file">Where to; it is on disk when this returns.</param>
    /// <param name="replace">Whether a file that is there makes way.</param>
    /// <exception cref="InvalidDataException">There is no store, it is damaged, or the file is there.</exception>
    public static BackupContent Take(string store, string file, bool replace = false)
    {
        if (!File.Exists(store))
            throw new InvalidDataException($"there is no store {store}; name the studio's folder by --folder");
        MustBeFree(file, replace, "--force writes over it");
        return Whole(file, unfinished =>
        {
            using var connection = Open(store, SqliteOpenMode.ReadWrite);
            Readable(store, () => connection.Execute("VACUUM INTO @unfinished", new { unfinished }));
        });
    }

    /// <summary>Puts a copy in the place of a store that nobody uses. The store that was there is kept beside it.</summary>
    /// <param name="file">As <see cref="Take"/> wrote it.</param>
    /// <param name="store">The store's file.</param>
    /// <param name="replace">Whether a store that is there makes way.</param>
    /// <returns>What the copy holds, and where the store lies that was there; null where none was.</returns>
    /// <exception cref="InvalidDataException">The copy is damaged or of another version, the store is in use, or it is there.</exception>
    public static (BackupContent Content, string? Kept) Restore(string file, string store, bool replace = false)
    {
        if (!File.Exists(file))
            throw new InvalidDataException($"there is no file {file}");
        MustBeFree(store, replace, "--force puts the copy in its place and keeps it beside");
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(store))!);
        string? kept = null;
        var content = Whole(store, unfinished =>
        {
            File.Copy(file, unfinished);
            Check(unfinished, file);
            if (File.Exists(store))
                File.Move(store, kept = SetAside(store));
        });
        return (content, kept);
    }

    /// <summary>What a copy holds.</summary>
    /// <exception cref="InvalidDataException">It is damaged, of another version, or no store.</exception>
    public static BackupContent Check(string file) => Check(file, file);

    static BackupContent Check(string file, string shown) => Readable(shown, () =>
    {
        using var connection = Open(file, SqliteOpenMode.ReadOnly);
        Database.MustBeStore(connection, shown);
        if (connection.Query<string>("PRAGMA integrity_check(3)").AsList() is not ["ok"] and var damage)
            throw new InvalidDataException($"{shown} is damaged: {string.Join("; ", damage)}");
        if (connection.Query("PRAGMA foreign_key_check").Any())
            throw new InvalidDataException($"{shown} is damaged: rows refer to others that are missing");
        return connection.QuerySingle<BackupContent>("""
            SELECT (SELECT count(*) FROM project) AS Projects, (SELECT count(*) FROM person) AS People,
                (SELECT count(*) FROM item) AS Items, (SELECT count(*) FROM decision) AS Decisions
            """);
    });

    /// <summary>Makes a file beside, checks it, waits until it is on disk, and gives it its name.</summary>
    static BackupContent Whole(string path, Action<string> make)
    {
        path = Path.GetFullPath(path);
        var unfinished = $"{path}.{Guid.NewGuid():N}.unfinished";
        try
        {
            make(unfinished);
            var content = Check(unfinished, path);
            using (var made = new FileStream(unfinished, FileMode.Open, FileAccess.ReadWrite))
                made.Flush(flushToDisk: true);
            File.Move(unfinished, path, overwrite: true);
            return content;
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    /// <summary>A free name beside a store; the store is whole in its one file when this returns.</summary>
    static string SetAside(string store)
    {
        using (var connection = Open(store, SqliteOpenMode.ReadWrite))
            try
            {
                // Leaving WAL mode needs the file for itself, so it fails while a studio is running; a second is waited for that.
                if (connection.ExecuteScalar<string>("PRAGMA journal_mode = DELETE", commandTimeout: 1) != "delete")
                    throw InUse(store);
            }
            catch (SqliteException error) when (error.SqliteErrorCode is 5 or 6)     // SQLITE_BUSY, SQLITE_LOCKED
            {
                throw InUse(store);
            }
        return Enumerable.Range(1, int.MaxValue).Select(number => $"{store}.before-restore-{number}").First(name => !File.Exists(name));
    }

    static InvalidDataException InUse(string store) => new($"{store} is in use; stop the studio, then restore");

    static void MustBeFree(string path, bool replace, string otherwise)
    {
        if (Directory.Exists(path) || (File.Exists(path) && !replace))
            throw new InvalidDataException($"{path} is there already; choose another name{(Directory.Exists(path) ? "" : $", or {otherwise}")}");
    }

    static T Readable<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (SqliteException error)
        {
            throw new InvalidDataException($"{path} is damaged, or no store of preferences: {error.Message}", error);
        }
    }

    static SqliteConnection Open(string path, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false, DefaultTimeout = 30 }.ToString());
        connection.Open();
        return connection;
    }
}
