using System.Collections;
using System.Globalization;
using System.Reflection;
using Attune.Text;
using Attune.Training.Rewards;
using YamlDotNet.RepresentationModel;

namespace Attune.Training.Recipes;

/// <summary>Creates options records from YAML, and lists every unknown key and every value of a wrong type.</summary>
/// <param name="file">The YAML file, for messages; null for none.</param>
/// <param name="errors">The list that errors are added to.</param>
/// <param name="what">What the file is, for messages.</param>
/// <param name="all">The full keys of all sections, for suggestions.</param>
sealed class RecipeBinder(string? file, List<string> errors, string what = "recipe", IReadOnlyCollection<string>? all = null)
{
    /// <summary>A copy of <paramref name="defaults"/> with the values of the node, except for the key <paramref name="but"/>.</summary>
    public object Bind(YamlMappingNode node, object defaults, string path, string? but = null)
    {
        var keys = RecipeKeys.Of(defaults.GetType()).ToDictionary(row => row.Key, row => row.Property, StringComparer.Ordinal);
        var copy = Copy(defaults);
        foreach (var (keyNode, value) in node.Children)
        {
            if (keyNode is not YamlScalarNode { Value: { } key })
            {
                errors.Add($"{Place(keyNode)}the name of a key must be a text (was {Shown(keyNode)})");
                continue;
            }
            if (key == but)
                continue;
            if (keys.TryGetValue(key, out var property))
                Set(copy, property, value, path + key);
            else
                errors.Add($"{Place(keyNode)}'{path}{key}'{Unknown(key, keys.Keys)}");
        }
        return copy;
    }

    /// <summary>The compiler generates this method for every record.</summary>
    static object Copy(object record) => record.GetType().GetMethod("<Clone>$")!.Invoke(record, null)!;

    void Set(object target, PropertyInfo property, YamlNode value, string path) =>
        property.SetValue(target, Read(value, property.PropertyType, property.GetValue(target), path));

    /// <summary>The value of a node, or the current one when the node has a wrong type.</summary>
    object? Read(YamlNode node, Type type, object? current, string path)
    {
        if (RecipeKeys.ItemType(type) is { } item)
            return Same(current, ReadList(AsList(node, item), item, path));
        if (RecipeKeys.IsMap(type))
            return ReadMap(node, path) ?? current;
        if (RecipeKeys.IsSection(type))
            return ReadSection(node, type, section => Bind(section, current!, path + "."), path) ?? current;
        if (node is YamlScalarNode scalar && TryParse(scalar.Value ?? "", type, out var parsed))
            return parsed;
        errors.Add($"{Place(node)}'{path}' must be {Expected(type)} (was {Shown(node)})");
        return current;
    }

    object? ReadSection(YamlNode node, Type type, Func<YamlMappingNode, object?> bind, string path)
    {
        if (node is YamlMappingNode section)
            return bind(section);
        var keys = RecipeKeys.Kinds(type) is null ? RecipeKeys.Of(type).Select(row => row.Key) : [RecipeKeys.Kind, "and those of the kind"];
        errors.Add($"{Place(node)}'{path}' must be a section with keys: {string.Join(", ", keys)}");
        return null;
    }

    /// <summary>The texts of a map by their keys; null for an empty map, or for a node that is not a map of texts.</summary>
    Dictionary<string, string>? ReadMap(YamlNode node, string path)
    {
        if (node is not YamlMappingNode map || !map.Children.All(pair => pair is { Key: YamlScalarNode, Value: YamlScalarNode }))
        {
            errors.Add($"{Place(node)}'{path}' must be a map of texts, such as {{prompt: question}} (was {Shown(node)})");
            return null;
        }
        return map.Children.Count == 0 ? null : map.Children.ToDictionary(
            pair => ((YamlScalarNode)pair.Key).Value ?? "", pair => ((YamlScalarNode)pair.Value).Value ?? "", StringComparer.Ordinal);
    }

    /// <summary>A list of names may be one name.</summary>
    static YamlNode AsList(YamlNode node, Type item) =>
        item.IsEnum && node is YamlScalarNode { Value.Length: > 0 } ? new YamlSequenceNode(node) : node;

    /// <summary>
    /// The current list where the new one has the same items or could not be read, so that equal recipes are equal records.
    /// </summary>
    static object? Same(object? current, Array? read) =>
        read is null || (current is IEnumerable list && list.Cast<object>().SequenceEqual(read.Cast<object>())) ? current : read;

    /// <summary>An array of the valid items; null for a node that is not a list.</summary>
    Array? ReadList(YamlNode node, Type item, string path)
    {
        if (node is not YamlSequenceNode list)
        {
            errors.Add($"{Place(node)}'{path}' must be a list (was {Shown(node)})");
            return null;
        }
        var items = list.Children.Select((child, i) => ReadItem(child, item, $"{path}.{i}")).Where(value => value is not null).ToList();
        var array = Array.CreateInstance(item, items.Count);
        for (var i = 0; i < items.Count; i++)
            array.SetValue(items[i], i);
        return array;
    }

    object? ReadItem(YamlNode node, Type item, string path)
    {
        if (!RecipeKeys.IsSection(item))
            return Read(node, item, null, path);
        var kind = RecipeKeys.Kinds(item) is null ? null : RecipeKeys.Kind;
        return ReadSection(
            node, item,
            section => DefaultsOf(section, item, path) is { } defaults ? Bind(section, defaults, path + ".", but: kind) : null, path);
    }

    /// <summary>The defaults of an item; where there are kinds, those of its key <c>kind</c>.</summary>
    object? DefaultsOf(YamlMappingNode section, Type item, string path)
    {
        if (RecipeKeys.Kinds(item) is not { } kinds)
            return Activator.CreateInstance(item);
        var key = new YamlScalarNode(RecipeKeys.Kind);
        var kind = section.Children.TryGetValue(key, out var node) && node is YamlScalarNode { Value: { } text } ? text : "";
        if (kinds.TryGetValue(kind, out var defaults))
            return defaults;
        if (kind == FunctionReward.KindName)
        {
            errors.Add($"{Place(node!)}'{path}' is a C# function, which only the program that started the run has; resume the run there");
            return null;
        }
        var meant = NearestName.Find(kind, kinds.Keys) is { } nearest ? $" Did you mean '{nearest}'?" : "";
        var found = kind.Length > 0 ? $"'{kind}'" : "nothing";
        errors.Add(
            $"{Place(node ?? section)}'{path}.{RecipeKeys.Kind}' must be one of {string.Join(", ", kinds.Keys)} (was {found}).{meant}");
        return null;
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
            return int.TryParse(
                text.Replace("_", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
                out var integer)
                && (value = integer) is not null;
        if (type == typeof(double))
            return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
                && (value = number) is not null;
        text = text.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal);       // TRL's exo_pair, tpo-l
        return Enum.TryParse(type, text, ignoreCase: true, out value) && Enum.IsDefined(type, value) && char.IsLetter(text[0]);
    }

    static string Expected(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } inner)
            return Expected(inner) + " or null";
        if (type.IsEnum)
            return "one of " + string.Join(", ", Enum.GetNames(type).Select(System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName));
        return type == typeof(bool) ? "true or false" : type == typeof(int) ? "an integer" : type == typeof(double) ? "a number" : "a text";
    }

    static string Shown(YamlNode value) =>
        value is YamlScalarNode scalar ? $"'{scalar.Value}'" : value is YamlSequenceNode ? "a list" : "a section";

    string Unknown(string key, IReadOnlyCollection<string> known)
    {
        if (NearestName.Find(key, known) is { } nearest)
            return $" is not a key of this {what}. Did you mean '{nearest}'?";
        if (ForeignKeys.Explain(key, all ?? []) is { } meaning)
            return $": {meaning}";
        var elsewhere = (all ?? []).Where(full => full.EndsWith($".{key}", StringComparison.Ordinal)).ToList();
        return $" is not a key of this {what}. "
            + (elsewhere.Count > 0 ? $"Did you mean '{string.Join("' or '", elsewhere)}'?" : $"Known here: {string.Join(", ", known)}.");
    }

    string Place(YamlNode node) => file is not null && node.End.Index > 0 ? $"line {node.Start.Line}: " : "";
}
