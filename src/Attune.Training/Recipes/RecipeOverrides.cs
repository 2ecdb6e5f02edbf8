using Attune.Text;
using YamlDotNet.RepresentationModel;

namespace Attune.Training.Recipes;

/// <summary>Puts <c>key=value</c> words over the keys of a recipe.</summary>
static class RecipeOverrides
{
    public static void Apply(YamlMappingNode root, IEnumerable<string> words, Type recipe, List<string> errors)
    {
        var known = RecipeKeys.All(recipe).ToList();
        foreach (var word in words)
        {
            var split = word.Split('=', 2);
            if (split.Length < 2)
                errors.Add($"'{word}': a word of the form key=value was expected");
            else if (Resolve(split[0].Trim(), known, errors) is { } key)
                Set(root, key.Split('.'), split[1].Trim());
        }
    }

    /// <summary>The full key that a word names, by itself or by a last part that only one key has.</summary>
    static string? Resolve(string name, List<string> known, List<string> errors)
    {
        if (known.Contains(name))
            return name;
        var ending = known.Where(key => key.EndsWith("." + name, StringComparison.Ordinal)).ToList();
        if (ending.Count == 1)
            return ending[0];
        errors.Add(ending.Count > 1
            ? $"'{name}' may mean {string.Join(" or ", ending)}; write it in full"
            : $"'{name}' is no key of this recipe.{Suggestion(name, known)}");
        return null;
    }

    static string Suggestion(string name, List<string> known) =>
        (NearestName.Find(name, known) ?? NearestName.Find(name, known.Select(key => key.Split('.')[^1]).Distinct(StringComparer.Ordinal))) is { } nearest
            ? $" Did you mean '{nearest}'?"
            : " `attune recipe METHOD` prints all keys.";

    static void Set(YamlMappingNode node, ReadOnlySpan<string> path, string value)
    {
        var key = new YamlScalarNode(path[0]);
        if (path.Length == 1)
        {
            node.Children[key] = new YamlScalarNode(value);
            return;
        }
        if (!node.Children.TryGetValue(key, out var inner) || inner is not YamlMappingNode)
            node.Children[key] = inner = new YamlMappingNode();
        Set((YamlMappingNode)inner, path[1..], value);
    }
}
