using System.Text.Unicode;

namespace Attune.Cli;

/// <summary>
/// Refuses paths whose bytes are not UTF-8: .NET reads them as other names, so that files would be written to another folder.
/// </summary>
static class Arguments
{
    const string CommandLineOfThisProcess = "/proc/self/cmdline";

    /// <exception cref="InvalidDataException">The current folder or an argument is not UTF-8.</exception>
    public static void Check()
    {
        if (Environment.CurrentDirectory.Contains('\uFFFD', StringComparison.Ordinal))
            throw new InvalidDataException(
                $"The name of the current folder is not UTF-8 ({Environment.CurrentDirectory}). Rename it, or work in another folder.");
        if (File.Exists(CommandLineOfThisProcess) && !Utf8.IsValid(File.ReadAllBytes(CommandLineOfThisProcess)))
            throw new InvalidDataException("An argument is not UTF-8. Rename the file or folder that it names.");
    }
}
