using System.Text.Unicode;

namespace Attune.Cli;

/// <summary>
/// Refuses names of files and folders that are not UTF-8: .NET reads them as other names, so that files would be written elsewhere.
/// </summary>
static class Utf8Names
{
    const string OwnCommandLine = "/proc/self/cmdline";

    /// <exception cref="InvalidDataException">The current folder or an argument is not UTF-8.</exception>
    public static void Require()
    {
        if (Environment.CurrentDirectory.Contains('\uFFFD', StringComparison.Ordinal))
            throw new InvalidDataException(
                $"The name of the current folder is not UTF-8 ({Environment.CurrentDirectory}). Rename it, or work in another folder.");
        if (File.Exists(OwnCommandLine) && !Utf8.IsValid(File.ReadAllBytes(OwnCommandLine)))
            throw new InvalidDataException("An argument is not UTF-8. Rename the file or folder that it names.");
    }
}
