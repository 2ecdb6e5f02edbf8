using System.Globalization;
using Attune.Input;
using Attune.Text;
using YamlDotNet.RepresentationModel;

namespace Attune.Training.Recipes;

/// <summary>Applies <c>key=value</c> arguments to the keys of a recipe.</summary>
sealed class RecipeOverrides(YamlMappingNode root, Type recipe, FormerKeys former, List<string> errors)
{
    readonly Dictionary<string, Type> known = RecipeKeys.All(recipe).ToDictionary(row => row.Key, row => row.Type, StringComparer.Ordinal);

    public void Apply(IEnumerable<string> words)
    {
        foreach (var word in words)
        {
            var split = word.Split('=', 2);
            if (split.Length < 2)
                errors.Add($"'{word}' must have the form key=value");
            else if (Resolve(split[0].Trim().TrimStart('-')) is { } key)
                Set(root, key.Split('.'), Value(key, split[1].Trim()), key);
        }
    }

    /// <summary>A text; or a YAML list such as <c>[a, b]</c> or map such as <c>{a: b}</c>, for a key of a list or a map.</summary>
    YamlNode Value(string key, string text)
    {
        if (!known.TryGetValue(key, out var type)
            || !(RecipeKeys.IsMap(type) ? text.StartsWith('{') : text.StartsWith('[') && RecipeKeys.ItemType(type) is not null))
            return new YamlScalarNode(text);
        try
        {
            return BoundedYaml.Load(new StringReader(text)) ?? new YamlScalarNode(text);
        }
        catch (InvalidDataException error) when (error.InnerException is not null)     // not YAML: the text itself, such as a stop string
        {
            return new YamlScalarNode(text);
        }
        catch (InvalidDataException error)
        {
            errors.Add($"'{key}': {error.Message}");
            return new YamlScalarNode("");
        }
    }

    /// <summary>
    /// The full key of a name, which is a full key or the last part of one key only; <c>rewards.0.weight</c> is a key of a list item.
    /// </summary>
    string? Resolve(string name)
    {
        var parts = name.Split('.');
        var item = Array.FindIndex(parts, part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _));
        if (item > 0)
            return Resolve(string.Join('.', parts[..item])) is { } list ? string.Join('.', [list, .. parts[item..]]) : null;
        if (known.ContainsKey(name))
            return name;
        if (former.Find(name) is { } renamed)
            return renamed;
        var ending = known.Keys.Where(key => key.EndsWith("." + name, StringComparison.Ordinal)).ToList();
        var foreign = ForeignKeys.KeyOf(name, known.Keys);
        if (ending.Count == 1 && (foreign is null || foreign == ending[0]))
            return ending[0];
        if (ending.Count == 1)                                   // TRL's epsilon is not the optimizer's
            ending.Add(foreign!);
        errors.Add(ending.Count > 1
            ? $"'{name}' is ambiguous: write {string.Join(" or ", ending)}"
            : ForeignKeys.Explain(name, known.Keys) is { } meaning
                ? $"'{name}': {meaning}"
                : $"'{name}' is not a key of this recipe.{Suggestion(name)}");
        return null;
    }

    string Suggestion(string name) =>
        (NearestName.Find(name, known.Keys) ?? NearestName.Find(name[(name.LastIndexOf('.') + 1)..], LastParts(name))) is { } nearest
            ? $" Did you mean '{nearest}'?"
            : " `attune recipe METHOD` prints all keys.";

    /// <summary>The last parts of keys; of a name with a section, those of that section.</summary>
    IEnumerable<string> LastParts(string name)
    {
        var section = name[..(name.LastIndexOf('.') + 1)];
        return known.Keys.Where(key => key.StartsWith(section, StringComparison.Ordinal)).Select(key => key.Split('.')[^1])
            .Distinct(StringComparer.Ordinal);
    }

    void Set(YamlMappingNode node, ReadOnlySpan<string> path, YamlNode value, string key)
    {
        var name = new YamlScalarNode(path[0]);
        if (path.Length == 1)
            node.Children[name] = value;
        else if (int.TryParse(path[1], NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            SetItem(List(node, name), index, path[2..], value, key);
        else
            Set(Section(node, name), path[1..], value, key);
    }

    void SetItem(YamlSequenceNode list, int index, ReadOnlySpan<string> path, YamlNode value, string key)
    {
        if (index > list.Children.Count)
        {
            errors.Add($"'{key}': the list has {Quantity.Of(list.Children.Count, "item")}, numbered from 0");
            return;
        }
        if (index == list.Children.Count)
            list.Children.Add(new YamlMappingNode());
        if (path.Length == 0)
            list.Children[index] = value;
        else
            Set(
                list.Children[index] as YamlMappingNode ?? (YamlMappingNode)(list.Children[index] = new YamlMappingNode()),
                path, value, key);
    }

    static YamlSequenceNode List(YamlMappingNode node, YamlScalarNode name) =>
        node.Children.TryGetValue(name, out var found) && found is YamlSequenceNode list
            ? list
            : (YamlSequenceNode)(node.Children[name] = new YamlSequenceNode());

    static YamlMappingNode Section(YamlMappingNode node, YamlScalarNode name) =>
        node.Children.TryGetValue(name, out var found) && found is YamlMappingNode section
            ? section
            : (YamlMappingNode)(node.Children[name] = new YamlMappingNode());
}
