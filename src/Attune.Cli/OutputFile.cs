namespace Attune.Cli;

/// <summary>Where a command writes its lines.</summary>
static class OutputFile
{
    /// <summary>Opens a file, or standard output for null.</summary>
    /// <exception cref="InvalidDataException">The path is empty, or is the input itself.</exception>
    public static TextWriter Open(string? path, string input)
    {
        if (path is null)
            return Console.Out;
        if (path.Length == 0)
            throw new InvalidDataException("--output: a file was expected, found nothing");
        if (Path.GetFullPath(path) == Path.GetFullPath(input))
            throw new InvalidDataException($"--output: another file than the input was expected, found {path} for both");
        return File.CreateText(path);
    }
}
