using Microsoft.Data.Sqlite;

namespace Attune.Store;

/// <summary>Messages for SQLite's errors about a file. https://sqlite.org/rescode.html</summary>
static class StoreErrors
{
    const int Busy = 5, Locked = 6, ReadOnly = 8, InputOutput = 10, Corrupt = 11, Full = 13, CannotOpen = 14, NotADatabase = 26;
    const int DiskFull = 28;     // ENOSPC

    /// <summary>An exception that names the file and says what to do; null where the error is not about the file.</summary>
    /// <param name="error">The error.</param>
    /// <param name="path">The store.</param>
    /// <param name="written">The file that was being written, where that is another one.</param>
    public static Exception? Explain(this SqliteException error, string path, string? written = null) => error.SqliteErrorCode switch
    {
        Corrupt or NotADatabase => new InvalidDataException($"{path} is damaged ({error.Message}); restore a backup", error),
        Full => new IOException($"the disk of {written ?? path} is full; nothing was changed", DiskFull),
        ReadOnly or CannotOpen or InputOutput => new IOException(
            $"{path} cannot be read or written ({error.Message}); check the permissions of the file and of its folder", error),
        Busy or Locked => new IOException($"{path} is in use by another program", error),
        _ => null,
    };
}
