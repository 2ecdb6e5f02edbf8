namespace Attune.Cli.Commands;

/// <summary>The words behind a training command: at most one file, and key=value words.</summary>
static class TrainingArguments
{
    /// <exception cref="InvalidDataException">There are two files.</exception>
    public static (string? File, string[] Overrides) Split(IReadOnlyCollection<string> words)
    {
        string[] files = [.. words.Where(word => !word.Contains('=', StringComparison.Ordinal))];
        return files.Length <= 1
            ? (files.FirstOrDefault(), [.. words.Where(word => word.Contains('=', StringComparison.Ordinal))])
            : throw new InvalidDataException($"one recipe file was expected, found {string.Join(", ", files)}; other words have the form key=value");
    }
}
