namespace Attune.Cli;

/// <summary>Opens the output of a command.</summary>
static class OutputFile
{
    /// <summary>Opens a file, or standard output for null.</summary>
    /// <exception cref="InvalidDataException">The path is empty, or is the input itself.</exception>
    public static TextWriter Open(string? path, string input)
    {
        if (path is null)
            return Console.Out;
        if (path.Length == 0)
            throw new InvalidDataException("--output must name a file.");
        if (Path.GetFullPath(path) == Path.GetFullPath(input))
            throw new InvalidDataException($"--output must name a file other than the input ({path}).");
        return File.CreateText(path);
    }
}
