using Dapper;
using Microsoft.Data.Sqlite;

namespace Attune.Store;

/// <summary>What a backup contains. The account of imported decisions is not one of the people.</summary>
public sealed record BackupContent(long Projects, long People, long Items, long Decisions);

/// <summary>Backups of a store: written while the store is in use, and checked.</summary>
public static class Backups
{
    /// <summary>Writes a backup of one consistent state, atomically. Others may read and write during the backup.</summary>
    /// <param name="store">The file of the store.</param>
    /// <param name="file">The file to write; it is on disk when the method returns.</param>
    /// <param name="replace">Whether to overwrite an existing file.</param>
    /// <exception cref="InvalidDataException">The store does not exist or is damaged, or the file exists.</exception>
    public static BackupContent Take(string store, string file, bool replace = false)
    {
        if (!File.Exists(store))
            throw new InvalidDataException($"there is no store {store}; give the studio's folder with --folder");
        MustBeFree(file, replace, "overwrite it with --force");
        PrivateFolder.Create(Path.GetDirectoryName(Path.GetFullPath(file))!);
        return Replace(file, file, unfinished =>
        {
            StoreFile.CreateEmpty(unfinished);
            Readable(store, file, () =>
            {
                using var connection = Open(store, SqliteOpenMode.ReadWrite);
                SqliteDatabase.MustBeStore(connection, store);
                return connection.Execute("VACUUM INTO @unfinished", new { unfinished });
            });
        });
    }

    /// <summary>Replaces a store that is not in use by a backup. Keeps the old store under another name.</summary>
    /// <param name="file">A file that <see cref="Take"/> wrote.</param>
    /// <param name="store">The store's file.</param>
    /// <param name="replace">Whether to replace an existing store.</param>
    /// <returns>What the backup contains, and where the old store is now; null where there was none.</returns>
    /// <exception cref="InvalidDataException">The backup is damaged or of another version, the store is in use, or a store
    /// exists.</exception>
    public static (BackupContent Content, string? Kept) Restore(string file, string store, bool replace = false)
    {
        if (!File.Exists(file))
            throw new InvalidDataException($"there is no file {file}");
        MustBeFree(store, replace, "replace it with --force, which keeps the old store under another name");
        PrivateFolder.Create(Path.GetDirectoryName(Path.GetFullPath(store))!);
        string? kept = null;
        var content = Replace(store, file, unfinished => File.Copy(file, unfinished),
            () => kept = File.Exists(store) ? KeepCopy(store) : null);
        return (content, kept);
    }

    /// <summary>What a backup contains.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, of another version, or not a store.</exception>
    public static BackupContent Check(string file) => Check(file, file);

    static BackupContent Check(string file, string shown) => Readable(shown, shown, () =>
    {
        using var connection = Open(file, SqliteOpenMode.ReadOnly);
        SqliteDatabase.MustBeStore(connection, shown);
        if (connection.Query<string>("PRAGMA integrity_check(3)").AsList() is not ["ok"] and var damage)
            throw new InvalidDataException($"{shown} is damaged: {string.Join("; ", damage)}");
        if (connection.Query("PRAGMA foreign_key_check").Any())
            throw new InvalidDataException($"{shown} is damaged: foreign keys refer to missing rows");
        return connection.QuerySingle<BackupContent>($"""
            SELECT (SELECT count(*) FROM project) AS Projects,
                (SELECT count(*) FROM person WHERE NOT ({StoreUpgrade.IsImporter(connection)})) AS People,
                (SELECT count(*) FROM item) AS Items, (SELECT count(*) FROM decision) AS Decisions
            """);
    });

    /// <summary>Writes a temporary file, checks it, flushes it to disk, and renames it: there is no moment without the old file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="shown">The file that messages name.</param>
    /// <param name="write">Writes the temporary file.</param>
    /// <param name="beforeReplacing">Is called once the temporary file is on disk.</param>
    static BackupContent Replace(string path, string shown, Action<string> write, Action? beforeReplacing = null)
    {
        path = Path.GetFullPath(path);
        Leftovers.Remove(Path.GetDirectoryName(path)!, $"{Path.GetFileName(path)}.*.unfinished*");
        var unfinished = $"{path}.{Guid.NewGuid():N}.unfinished";
        try
        {
            write(unfinished);
            var content = Check(unfinished, shown);
            StoreFile.Restrict(unfinished);
            StoreFile.Flush(unfinished);
            beforeReplacing?.Invoke();
            File.Move(unfinished, path, overwrite: true);
            return content;
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    /// <summary>Copies the old store to an unused name; all of it is in its one file when the method returns.</summary>
    static string KeepCopy(string store)
    {
        using (var connection = Open(store, SqliteOpenMode.ReadWrite))
            try
            {
                // Leaving WAL mode needs exclusive access, so it fails while a studio is running; wait a second for it.
                if (connection.ExecuteScalar<string>("PRAGMA journal_mode = DELETE", commandTimeout: 1) != "delete")
                    throw InUse(store);
            }
            catch (SqliteException error) when (error.SqliteErrorCode is 5 or 6)     // SQLITE_BUSY, SQLITE_LOCKED
            {
                throw InUse(store);
            }
            catch (SqliteException error) when (error.SqliteErrorCode is 11 or 26)     // SQLITE_CORRUPT, SQLITE_NOTADB
            {
                // A damaged store is kept as it is.
            }
        var kept = Enumerable.Range(1, int.MaxValue).Select(number => $"{store}.before-restore-{number}").First(name => !File.Exists(name));
        var unfinished = $"{store}.{Guid.NewGuid():N}.unfinished";
        try
        {
            File.Copy(store, unfinished);
            StoreFile.Flush(unfinished);
            File.Move(unfinished, kept);
            return kept;
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    static InvalidDataException InUse(string store) => new($"{store} is in use; stop the studio first");

    static void MustBeFree(string path, bool replace, string otherwise)
    {
        if (Directory.Exists(path) || (File.Exists(path) && !replace))
            throw new InvalidDataException(
                $"{path} already exists; choose another name{(Directory.Exists(path) ? "" : $", or {otherwise}")}");
    }

    static T Readable<T>(string path, string written, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (SqliteException error) when (error.SqliteErrorCode == 26)     // SQLITE_NOTADB
        {
            throw new InvalidDataException($"{path} is damaged, or is not a store of the studio: {error.Message}", error);
        }
        catch (SqliteException error)
        {
            throw error.Explain(path, written) ?? new InvalidDataException($"{path}: {error.Message}", error);
        }
    }

    static SqliteConnection Open(string path, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false, DefaultTimeout = 30 }.ToString());
        connection.Open();
        return connection;
    }
}
