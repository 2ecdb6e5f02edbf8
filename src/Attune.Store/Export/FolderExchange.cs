using System.Runtime.InteropServices;

namespace Attune.Store.Export;

/// <summary>Exchanges the names of two folders in one step. https://man7.org/linux/man-pages/man2/rename.2.html</summary>
static partial class FolderExchange
{
    const int CurrentFolder = -100;     // AT_FDCWD
    const uint Exchange = 2;            // RENAME_EXCHANGE

    /// <returns>False where the system or the file system cannot do it; nothing has changed then.</returns>
    public static bool TryExchange(string one, string other)
    {
        try
        {
            return OperatingSystem.IsLinux() && Rename(CurrentFolder, one, CurrentFolder, other, Exchange) == 0;
        }
        catch (EntryPointNotFoundException)     // a C library older than glibc 2.28
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "renameat2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(int fromFolder, string from, int toFolder, string to, uint flags);
}
