using System.Globalization;
using System.Reflection;
using Attune.Text;
using YamlDotNet.RepresentationModel;

namespace Attune.Training.Recipes;

/// <summary>Makes options records from YAML, noting every key that is unknown and every value that does not fit.</summary>
sealed class RecipeBinder(string? file, List<string> errors)
{
    /// <summary>A copy of <paramref name="defaults"/> with the values of the node.</summary>
    public object Bind(YamlMappingNode node, object defaults, string path)
    {
        var keys = RecipeKeys.Of(defaults.GetType()).ToDictionary(row => row.Key, row => row.Property, StringComparer.Ordinal);
        var copy = Copy(defaults);
        foreach (var (keyNode, value) in node.Children)
        {
            var key = (keyNode as YamlScalarNode)?.Value ?? "";
            if (keys.TryGetValue(key, out var property))
                Set(copy, property, value, path + key);
            else
                errors.Add($"{Place(keyNode)}'{path}{key}' is no key of this recipe.{Suggestion(key, keys.Keys)}");
        }
        return copy;
    }

    /// <summary>Records copy themselves by a method that the compiler names.</summary>
    static object Copy(object record) => record.GetType().GetMethod("<Clone>$")!.Invoke(record, null)!;

    void Set(object target, PropertyInfo property, YamlNode value, string path)
    {
        if (RecipeKeys.IsSection(property.PropertyType))
        {
            if (value is YamlMappingNode section)
                property.SetValue(target, Bind(section, property.GetValue(target)!, path + "."));
            else
                errors.Add($"{Place(value)}'{path}' should have keys below it: {string.Join(", ", RecipeKeys.Of(property.PropertyType).Select(row => row.Key))}");
        }
        else if (value is YamlScalarNode scalar && TryParse(scalar.Value ?? "", property.PropertyType, out var parsed))
            property.SetValue(target, parsed);
        else
            errors.Add($"{Place(value)}'{path}' should be {Expected(property.PropertyType)}, found {Shown(value)}");
    }

    static bool TryParse(string text, Type type, out object? value)
    {
        value = null;
        if (Nullable.GetUnderlyingType(type) is { } inner)
            return text is "" or "null" or "~" || TryParse(text, inner, out value);
        if (type == typeof(string))
            return (value = text) is not null;
        if (type == typeof(bool))
            return bool.TryParse(text, out var flag) && (value = flag) is not null;
        if (type == typeof(int))
            return int.TryParse(text.Replace("_", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) && (value = whole) is not null;
        if (type == typeof(double))
            return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) && (value = number) is not null;
        return Enum.TryParse(type, text, ignoreCase: true, out value) && Enum.IsDefined(type, value) && char.IsLetter(text[0]);
    }

    static string Expected(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } inner)
            return Expected(inner) + " or null";
        if (type.IsEnum)
            return "one of " + string.Join(", ", Enum.GetNames(type).Select(System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName));
        return type == typeof(bool) ? "true or false" : type == typeof(int) ? "a whole number" : type == typeof(double) ? "a number" : "a text";
    }

    static string Shown(YamlNode value) => value is YamlScalarNode scalar ? $"'{scalar.Value}'" : value is YamlSequenceNode ? "a list" : "keys";

    static string Suggestion(string key, IEnumerable<string> known) =>
        NearestName.Find(key, known) is { } nearest ? $" Did you mean '{nearest}'?" : $" Known here: {string.Join(", ", known)}.";

    string Place(YamlNode node) => file is not null && node.Start.Line > 0 ? $"line {node.Start.Line}: " : "";
}
