using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Attune.Reporting.Runs;
using Attune.Training.Options;

namespace Attune.Training.Recipes;

/// <summary>Writes recipes as YAML: every key with its value, and optionally its help text as a comment.</summary>
public static class RecipeWriter
{
    static readonly JsonSerializerOptions Readable =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The whole recipe; <c>attune recipe</c> prints it with comments.</summary>
    public static string Write(string method, IRecipe recipe, bool withComments)
    {
        var text = new StringBuilder();
        text.Append("method: ").Append(method).Append('\n');
        WriteKeys(text, recipe, indent: "", withComments);
        return text.ToString();
    }

    /// <summary>The whole recipe of a method, with <c>key=value</c> arguments that override its defaults.</summary>
    /// <exception cref="InvalidDataException">An argument has an unknown key or an invalid value.</exception>
    public static CompleteRecipe Complete(string method, IReadOnlyList<string> words)
    {
        var (found, recipe) = RecipeReader.Read(method, null, words);
        var options = Validation.OptionsOf(recipe).ToList();
        return new(Write(found.Name, recipe, withComments: false))
        {
            ProgramKeys = [.. options.Where(option => IsProgram(option.Value)).Select(option => option.Key)],
            FileKeys = [.. options.Where(option => IsFile(option.Property, option.Value)).Select(option => option.Key)],
        };
    }

    /// <summary>Whether a value has options with kinds. Of every such list, some kinds are programs.</summary>
    static bool IsProgram(object? value) => value is IKind or IReadOnlyList<IKind> { Count: > 0 };

    static bool IsFile(PropertyInfo property, object? value) =>
        property.GetCustomAttribute<ExistingPathAttribute>() is { IsModel: false }
        && value is string { Length: > 0 } or IReadOnlyList<string> { Count: > 0 };

    /// <summary>The keys of a method that matter most, each as <c>key=default</c> with its help text.</summary>
    public static IEnumerable<(string Key, string Description)> MainKeys(TrainingMethod method) =>
        method.MainKeys.Select(key => MainKey(method.NewRecipe(), key));

    /// <summary>A number as recipes write it: 0.0001, 3e-6.</summary>
    public static string Number(double number)
    {
        var parts = number.ToString("R", CultureInfo.InvariantCulture).Split('E');
        return parts.Length == 1 ? parts[0] : $"{parts[0]}e{int.Parse(parts[1], CultureInfo.InvariantCulture)}";
    }

    static (string Key, string Description) MainKey(object recipe, string key)
    {
        var (value, property) = ((object?)recipe, default(PropertyInfo));
        foreach (var part in key.Split('.'))
        {
            property = RecipeKeys.Of(value!.GetType()).First(row => row.Key == part).Property;
            value = property.GetValue(value);
        }
        return ($"{key}={value as string ?? Scalar(value)}", HelpText.Of(property!));
    }

    static void WriteKeys(StringBuilder text, object record, string indent, bool withComments)
    {
        foreach (var (key, property) in RecipeKeys.Of(record.GetType()))
        {
            if (withComments)
                WriteComment(text, HelpText.Of(property), indent, spaced: indent.Length == 0);
            text.Append(indent).Append(key).Append(':');
            WriteValue(text, property.GetValue(record), property.PropertyType, indent, withComments);
        }
    }

    static void WriteValue(StringBuilder text, object? value, Type type, string indent, bool withComments)
    {
        if (RecipeKeys.IsSection(type))
        {
            text.Append('\n');
            WriteKeys(text, value!, indent + "  ", withComments);
        }
        else if (RecipeKeys.IsMap(type))
            text.Append(" {").AppendJoin(", ", ((IReadOnlyDictionary<string, string>)value!).Select(
                pair => $"{Scalar(pair.Key)}: {Scalar(pair.Value)}")).Append("}\n");
        else if (RecipeKeys.ItemType(type) is { } item)
            WriteList(text, ((IEnumerable)value!).Cast<object>().ToList(), item, indent, withComments);
        else
            text.Append(' ').Append(Scalar(value)).Append('\n');
    }

    static void WriteList(StringBuilder text, List<object> items, Type item, string indent, bool withComments)
    {
        if (items.Count == 0 || !RecipeKeys.IsSection(item))
        {
            text.Append(" [").AppendJoin(", ", items.Select(Scalar)).Append("]\n");
            return;
        }
        text.Append('\n');
        foreach (var record in items)
        {
            var keys = new StringBuilder();
            if (record is IKind options)
                keys.Append(indent).Append("  ").Append(RecipeKeys.Kind).Append(": ").Append(options.Kind).Append('\n');
            WriteKeys(keys, record, indent + "  ", withComments);
            text.Append(indent).Append("- ").Append(keys, indent.Length + 2, keys.Length - indent.Length - 2);
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
        double number => Number(number),
        Enum choice => JsonNamingPolicy.CamelCase.ConvertName(choice.ToString()),
        IEnumerable list and not string => $"[{string.Join(", ", list.Cast<object>().Select(Scalar))}]",
        string text => JsonSerializer.Serialize(text, Readable),
        _ => value.ToString()!,
    };
}
