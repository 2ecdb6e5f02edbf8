using System.Text.RegularExpressions;

namespace Attune.Cli;

/// <summary>
/// The name that the program was called by. Commands in texts begin with <c>attune</c>; they are printed with the name that was typed.
/// </summary>
static partial class ProgramName
{
    /// <summary>The environment variable that the launcher sets to the name that it was called by.</summary>
    public const string Variable = "ATTUNE_COMMAND";

    public static string Current => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } name
        ? name.Contains(' ', StringComparison.Ordinal) ? $"'{name}'" : name
        : "attune";

    /// <summary>Replaces the name in the commands of a text. Commands begin a line or are in backquotes.</summary>
    public static string InCommandsOf(string text) => Command().Replace(text, match => match.Groups["before"].Value + Current);

    [GeneratedRegex("(?<before>`|^[ #]*)attune(?= [a-z])", RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Command();
}
