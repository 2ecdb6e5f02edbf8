using System.Text.RegularExpressions;

namespace Attune.Cli;

/// <summary>How the program was called. Texts name commands as <c>attune …</c>; what is printed names them as they can be typed.</summary>
static partial class ProgramName
{
    /// <summary>The environment variable in which the launcher says how it was called.</summary>
    public const string Variable = "ATTUNE_COMMAND";

    public static string Current => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } name
        ? name.Contains(' ', StringComparison.Ordinal) ? $"'{name}'" : name
        : "attune";

    /// <summary>The text with its commands, which begin a line or are in backquotes, as they can be typed.</summary>
    public static string InCommandsOf(string text) => Command().Replace(text, match => match.Groups["before"].Value + Current);

    [GeneratedRegex("(?<before>`|^[ #]*)attune(?= [a-z])", RegexOptions.Multiline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Command();
}
