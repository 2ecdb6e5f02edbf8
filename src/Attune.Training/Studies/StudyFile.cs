using System.Globalization;
using Attune.Text;
using Attune.Training.Recipes;
using YamlDotNet.RepresentationModel;

namespace Attune.Training.Studies;

/// <summary>Makes the options of a study from YAML, noting every key that is unknown and every value that does not fit.</summary>
sealed class StudyFile(List<string> errors)
{
    public static StudyOptions Read(string file, List<string> errors)
    {
        var (reader, defaults) = (new StudyFile(errors), new StudyOptions());
        var root = RecipeReader.Parse(file);
        reader.Expect(root, typeof(StudyOptions), "");
        return new()
        {
            Title = reader.Text(root, "title"),
            Method = reader.Text(root, "method"),
            Recipe = reader.Text(root, "recipe"),
            Output = reader.Text(root, "output"),
            Seeds = [.. reader.Texts(root, "seeds", ["1", "2", "3"]).Select(reader.Seed)],
            Set = reader.Texts(root, "set", defaults.Set),
            Curves = reader.Texts(root, "curves", defaults.Curves),
            Figures = reader.Texts(root, "figures", defaults.Figures),
            Groups = [.. reader.Items(root, "groups").Select(reader.Group)],
        };
    }

    StudyGroup Group(YamlMappingNode node)
    {
        Expect(node, typeof(StudyGroup), "groups: ");
        return new() { Name = Text(node, "name"), Base = Text(node, "base"), Variants = [.. Items(node, "variants").Select(Variant)] };
    }

    StudyVariant Variant(YamlMappingNode node)
    {
        Expect(node, typeof(StudyVariant), "variants: ");
        return new() { Name = Text(node, "name"), Set = Texts(node, "set", []) };
    }

    int Seed(string text)
    {
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seed))
            errors.Add($"seeds: whole numbers were expected, found '{text}'");
        return seed;
    }

    void Expect(YamlMappingNode node, Type options, string place)
    {
        string[] known = [.. RecipeKeys.Of(options).Select(row => row.Key)];
        foreach (var (key, _) in node.Children)
            if (key is YamlScalarNode { Value: { } name } && !known.Contains(name))
                errors.Add($"line {key.Start.Line}: {place}'{name}' is no key of a study.{(NearestName.Find(name, known) is { } nearest
                    ? $" Did you mean '{nearest}'?"
                    : $" Known here: {string.Join(", ", known)}.")}");
    }

    string Text(YamlMappingNode node, string key)
    {
        if (Value(node, key) is not { } value)
            return "";
        if (value is YamlScalarNode { Value: { } text })
            return text;
        errors.Add($"line {value.Start.Line}: '{key}' should be a text");
        return "";
    }

    IReadOnlyList<string> Texts(YamlMappingNode node, string key, IReadOnlyList<string> otherwise)
    {
        if (Value(node, key) is not { } value)
            return otherwise;
        if (value is YamlSequenceNode list && list.All(item => item is YamlScalarNode))
            return [.. list.Select(item => ((YamlScalarNode)item).Value ?? "")];
        errors.Add($"line {value.Start.Line}: '{key}' should be a list, such as [a, b]");
        return otherwise;
    }

    IReadOnlyList<YamlMappingNode> Items(YamlMappingNode node, string key)
    {
        if (Value(node, key) is not { } value)
            return [];
        if (value is YamlSequenceNode list && list.All(item => item is YamlMappingNode))
            return [.. list.Cast<YamlMappingNode>()];
        errors.Add($"line {value.Start.Line}: '{key}' should be a list of items with keys, each behind a hyphen");
        return [];
    }

    static YamlNode? Value(YamlMappingNode node, string key) =>
        node.Children.TryGetValue(new YamlScalarNode(key), out var value) ? value : null;
}
