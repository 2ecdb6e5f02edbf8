namespace Attune.Cli.Commands;

/// <summary>The arguments of a training command: at most one file, and key=value overrides.</summary>
static class TrainingArguments
{
    /// <exception cref="InvalidDataException">There are two files.</exception>
    public static (string? File, string[] Overrides) Split(IReadOnlyCollection<string> arguments)
    {
        if (arguments.FirstOrDefault(argument => argument.StartsWith('-') && !argument.Contains('=')) is { } option)
            throw new InvalidDataException(
                $"There is no option {option}. Keys of the recipe are given as KEY=VALUE: {option.TrimStart('-')}=…");
        string[] files = [.. arguments.Where(argument => !argument.Contains('=', StringComparison.Ordinal))];
        return files.Length <= 1
            ? (files.FirstOrDefault(), [.. arguments.Where(argument => argument.Contains('=', StringComparison.Ordinal))])
            : throw new InvalidDataException(
                $"Give one recipe file (got {string.Join(", ", files)}); other arguments must have the form key=value.");
    }
}
