using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Attune.Training.Recipes;

/// <summary>Writes recipes as YAML: every key with its value, and what it means when asked.</summary>
public static class RecipeWriter
{
    static readonly JsonSerializerOptions Readable = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The whole recipe; with comments it is the one that <c>attune recipe</c> prints.</summary>
    public static string Write(string method, IRecipe recipe, bool withComments)
    {
        var text = new StringBuilder();
        text.Append("method: ").Append(method).Append('\n');
        WriteKeys(text, recipe, indent: "", withComments);
        return text.ToString();
    }

    static void WriteKeys(StringBuilder text, object record, string indent, bool withComments)
    {
        foreach (var (key, property) in RecipeKeys.Of(record.GetType()))
        {
            var value = property.GetValue(record);
            var isSection = RecipeKeys.IsSection(property.PropertyType);
            if (withComments)
                WriteComment(text, HelpText.Of(property), indent, spaced: indent.Length == 0);
            text.Append(indent).Append(key).Append(':').Append(isSection ? "" : " " + Scalar(value)).Append('\n');
            if (isSection)
                WriteKeys(text, value!, indent + "  ", withComments);
        }
    }

    static void WriteComment(StringBuilder text, string comment, string indent, bool spaced)
    {
        if (spaced)
            text.Append('\n');
        foreach (var line in Wrap(comment, 110 - indent.Length))
            text.Append(indent).Append("# ").Append(line).Append('\n');
    }

    static IEnumerable<string> Wrap(string words, int width)
    {
        var line = new StringBuilder();
        foreach (var word in words.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line.ToString();
                line.Clear();
            }
            line.Append(line.Length > 0 ? " " : "").Append(word);
        }
        if (line.Length > 0)
            yield return line.ToString();
    }

    static string Scalar(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        Enum choice => JsonNamingPolicy.CamelCase.ConvertName(choice.ToString()),
        string text => JsonSerializer.Serialize(text, Readable),
        _ => value.ToString()!,
    };
}
