namespace Attune.Reporting.Files;

/// <summary>What the operating system meant by an <see cref="IOException"/>: .NET keeps its number and has no type for it.</summary>
public static class DiskErrors
{
    /// <summary>No space is left (ENOSPC; ERROR_DISK_FULL).</summary>
    public static bool IsDiskFull(this IOException error) => error.HResult is 28 or unchecked((int)0x80070070);

    /// <summary>Another process holds the file (EWOULDBLOCK of Linux and macOS; ERROR_SHARING_VIOLATION).</summary>
    public static bool IsInUse(this IOException error) => error.HResult is 11 or 35 or unchecked((int)0x80070020);
}
