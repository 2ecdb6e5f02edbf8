namespace Attune.Input;

/// <summary>Recognises the operating system's error of an <see cref="IOException"/> by its number, for which .NET has no types.</summary>
public static class DiskErrors
{
    /// <summary>No space is left (ENOSPC; ERROR_DISK_FULL).</summary>
    public static bool IsDiskFull(this IOException error) => error.HResult is 28 or unchecked((int)0x80070070);

    /// <summary>Another process has locked the file (EWOULDBLOCK of Linux and macOS; ERROR_SHARING_VIOLATION).</summary>
    public static bool IsInUse(this IOException error) => error.HResult is 11 or 35 or unchecked((int)0x80070020);
}
