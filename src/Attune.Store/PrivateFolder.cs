namespace Attune.Store;

/// <summary>Folders that only their user can read: they have texts of people and hashes of passwords.</summary>
public static class PrivateFolder
{
    const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Creates a folder and those above it; existing ones are not changed.</summary>
    public static string Create(string path) =>
        (OperatingSystem.IsWindows() ? Directory.CreateDirectory(path) : Directory.CreateDirectory(path, Mode)).FullName;
}
