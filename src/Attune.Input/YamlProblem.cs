using YamlDotNet.Core;

namespace Attune.Input;

/// <summary>Describes why a text is not YAML: line, column, what is wrong and what to do.</summary>
static class YamlProblem
{
    const int Shown = 60;

    /// <param name="text">The text.</param>
    /// <param name="error">The parser's error.</param>
    /// <param name="open">Where lists and mappings in brackets began that have not ended, the innermost first.</param>
    public static string Describe(string text, Exception error, IEnumerable<Mark> open)
    {
        var lines = text.Split('\n');
        var yaml = error as YamlException;
        if (Array.FindIndex(lines, HasTab) is var tabbed and >= 0 && (yaml is null || yaml.End.Line >= tabbed || IsAboutTabs(error)))
            return At(tabbed + 1, lines[tabbed].IndexOf('\t') + 1) + "a tab indents this line; use spaces";
        if (yaml is null || yaml.Message.Contains("flow", StringComparison.Ordinal) || IsAtEnd(lines, yaml.Start.Line))
            foreach (var start in open)
                if (CharacterAt(lines, start.Line, start.Column) is '[' or '{')
                    return Unclosed(lines, start.Line, start.Column);
        var (line, column) = yaml is null ? (lines.Length, 1L) : (yaml.Start.Line, yaml.Start.Column);
        if (yaml?.InnerException is YamlException inner)
            (line, column) = (inner.Start.Line, inner.Start.Column);
        return At(line, column) + Reason(lines, line, column, (yaml?.InnerException ?? error).Message);
    }

    static bool IsAtEnd(string[] lines, long line) => lines.Skip((int)line - 1).All(string.IsNullOrWhiteSpace);

    static bool IsAboutTabs(Exception error) => error.Message.Contains(" tab ", StringComparison.Ordinal);

    static string Unclosed(string[] lines, long line, long column)
    {
        var open = CharacterAt(lines, line, column);
        var (what, close) = open == '{' ? ("mapping", '}') : ("list", ']');
        return At(line, column) + $"the {what} that begins here with '{open}' is not closed, or has no comma between two values; "
            + $"write '{close}' at its end";
    }

    static string Reason(string[] lines, long line, long column, string message)
    {
        var shown = Line(lines, line).Trim();
        shown = shown.Length > Shown ? shown[..Shown] + " …" : shown;
        return CharacterAt(lines, line, column) switch
        {
            '"' or '\'' when !Has("escape") => "the text that begins here with a quotation mark is not closed; write the same mark "
                + "at its end",
            '"' when Has("escape") => $"`{shown}` has a backslash sequence that YAML does not know; write \\\\ for a backslash, or "
                + "use single quotation marks",
            '@' or '`' or '%' => $"the value in `{shown}` begins with a character that YAML reserves; put it in quotation marks",
            _ when Has("Duplicate key") => $"the key of `{shown}` is there twice; remove one of the two lines",
            _ when Has("anchor") => $"`{shown}` has an anchor (&) that cannot be read; put a text that begins with & in quotation marks",
            _ => $"`{shown}` does not fit here. Each line is `key: value`, indented with as many spaces as its neighbours; a value with "
                + "': ', '#', brackets or quotation marks in it is put in quotation marks",
        };

        bool Has(string part) => message.Contains(part, StringComparison.OrdinalIgnoreCase);
    }

    static bool HasTab(string line) => line.AsSpan().TrimStart(' ').StartsWith("\t") && line.AsSpan().Trim().Length > 0;

    static char? CharacterAt(string[] lines, long line, long column) =>
        Line(lines, line) is var text && column >= 1 && column <= text.Length ? text[(int)column - 1] : null;

    static string Line(string[] lines, long line) => line >= 1 && line <= lines.Length ? lines[line - 1] : "";

    static string At(long line, long column) => $"line {line}, column {column}: ";
}
