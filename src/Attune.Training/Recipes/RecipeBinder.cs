using System.Globalization;
using System.Reflection;
using Attune.Text;
using Attune.Training.Rewards;
using YamlDotNet.RepresentationModel;

namespace Attune.Training.Recipes;

/// <summary>Makes options records from YAML, noting every key that is unknown and every value that does not fit.</summary>
/// <param name="file">Where the YAML stands; null for none.</param>
/// <param name="errors">Is added to.</param>
/// <param name="what">What the file is.</param>
sealed class RecipeBinder(string? file, List<string> errors, string what = "recipe")
{
    static readonly MethodInfo EmptyArray = typeof(Array).GetMethod(nameof(Array.Empty))!;

    /// <summary>A copy of <paramref name="defaults"/> with the values of the node, but for a key that was read before.</summary>
    public object Bind(YamlMappingNode node, object defaults, string path, string? but = null)
    {
        var keys = RecipeKeys.Of(defaults.GetType()).ToDictionary(row => row.Key, row => row.Property, StringComparer.Ordinal);
        var copy = Copy(defaults);
        foreach (var (keyNode, value) in node.Children)
        {
            var key = (keyNode as YamlScalarNode)?.Value ?? "";
            if (key == but)
                continue;
            if (keys.TryGetValue(key, out var property))
                Set(copy, property, value, path + key);
            else
                errors.Add($"{Place(keyNode)}'{path}{key}' is no key of this {what}.{Suggestion(key, keys.Keys)}");
        }
        return copy;
    }

    /// <summary>Records copy themselves by a method that the compiler names.</summary>
    static object Copy(object record) => record.GetType().GetMethod("<Clone>$")!.Invoke(record, null)!;

    void Set(object target, PropertyInfo property, YamlNode value, string path) =>
        property.SetValue(target, Read(value, property.PropertyType, property.GetValue(target), path));

    /// <summary>The value of a node, or the one that stands already when the node does not fit.</summary>
    object? Read(YamlNode node, Type type, object? standing, string path)
    {
        if (RecipeKeys.ItemType(type) is { } item)
            return ReadList(node, item, path) ?? standing;
        if (RecipeKeys.IsSection(type))
            return ReadSection(node, type, section => Bind(section, standing!, path + "."), path) ?? standing;
        if (node is YamlScalarNode scalar && TryParse(scalar.Value ?? "", type, out var parsed))
            return parsed;
        errors.Add($"{Place(node)}'{path}' should be {Expected(type)}, found {Shown(node)}");
        return standing;
    }

    object? ReadSection(YamlNode node, Type type, Func<YamlMappingNode, object?> bind, string path)
    {
        if (node is YamlMappingNode section)
            return bind(section);
        var keys = RecipeKeys.Kinds(type) is null ? RecipeKeys.Of(type).Select(row => row.Key) : [RecipeKeys.Kind, "and those of the kind"];
        errors.Add($"{Place(node)}'{path}' should have keys below it: {string.Join(", ", keys)}");
        return null;
    }

    /// <summary>An array of the items that fit; null for what is no list.</summary>
    Array? ReadList(YamlNode node, Type item, string path)
    {
        if (node is not YamlSequenceNode list)
        {
            errors.Add($"{Place(node)}'{path}' should be a list, found {Shown(node)}");
            return null;
        }
        var items = list.Children.Select((child, i) => ReadItem(child, item, $"{path}.{i}")).Where(value => value is not null).ToList();
        var array = (Array)EmptyArray.MakeGenericMethod(item).Invoke(null, null)!;       // the one that `[]` is, so that records stay equal
        if (items.Count == 0)
            return array;
        array = Array.CreateInstance(item, items.Count);
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
            node, item, section => DefaultsOf(section, item, path) is { } defaults ? Bind(section, defaults, path + ".", but: kind) : null, path);
    }

    /// <summary>What an item is without its keys. Where there are kinds, its key <c>kind</c> says that.</summary>
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
        errors.Add($"{Place(node ?? section)}'{path}.{RecipeKeys.Kind}' should be one of {string.Join(", ", kinds.Keys)}, found {found}.{meant}");
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

    string Place(YamlNode node) => file is not null && node.End.Index > 0 ? $"line {node.Start.Line}: " : "";
}
