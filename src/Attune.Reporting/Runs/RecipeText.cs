using Attune.Input;

namespace Attune.Reporting.Runs;

/// <summary>
/// The recipe of a run as keys and values, read as text, so that recipes of other versions with other keys can be read too.
/// </summary>
public static class RecipeText
{
    const string Method = "method";

    /// <summary>The name of the method; empty if the recipe has none.</summary>
    public static string MethodOf(RunFolder folder) =>
        InputFile.ReadLines(folder.Recipe).Take(100)
            .FirstOrDefault(line => line.StartsWith($"{Method}: ", StringComparison.Ordinal)) is { } line
            ? line[(Method.Length + 2)..].Trim()
            : "";

    /// <summary>All full keys, such as <c>optimizer.learningRate</c>, with their values; keys of list items are numbered.</summary>
    public static IReadOnlyDictionary<string, string> Read(RunFolder folder)
    {
        var values = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        var sections = new Stack<(int Indent, string Name)>();
        var items = 0;
        foreach (var line in InputFile.ReadLines(folder.Recipe)
            .Where(line => line.Contains(':', StringComparison.Ordinal) && !line.TrimStart().StartsWith('#')))
        {
            var isItem = line.TrimStart().StartsWith("- ", StringComparison.Ordinal);
            var text = line.TrimStart(' ', '-');
            var indent = line.Length - text.Length;
            while (sections.TryPeek(out var section) && section.Indent >= indent)
                sections.Pop();
            items = isItem ? items + 1 : items;
            var (name, value) =
                (text[..text.IndexOf(':', StringComparison.Ordinal)], text[(text.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim());
            var key = string.Join('.', sections.Reverse().Select(section => section.Name).Append(name));
            if (value.Length == 0)
                sections.Push((indent, name));
            else
                values[values.ContainsKey(key) ? $"{key} ({items})" : key] = value.Trim('"');
        }
        return values;
    }
}
