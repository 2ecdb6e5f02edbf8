using Attune.Input;
using YamlDotNet.RepresentationModel;

namespace Attune.Studio.Loop;

/// <summary>Reads the recipes of recipes/, whose values were tuned on models of the quickstart's size, on a CPU.</summary>
static class ShippedRecipe
{
    /// <summary>Keys that a request or the machine sets.</summary>
    static readonly string[] DecidedElsewhere =
        ["method", "model", "rewardModel", "run.output", "data.train", "data.heldOut", "training.workers"];

    /// <summary>The values of a shipped recipe as key=value arguments, without those that a request or the machine sets.</summary>
    /// <param name="method">reward or ppo.</param>
    public static IReadOnlyList<string> Words(string method)
    {
        using var stream = typeof(ShippedRecipe).Assembly.GetManifestResourceStream($"recipes/{method}.yaml")!;
        using var reader = new StreamReader(stream);
        return
        [
            .. Scalars(Parse(reader), "").Where(pair => !DecidedElsewhere.Contains(pair.Key)).Select(pair => $"{pair.Key}={pair.Value}"),
        ];
    }

    /// <summary>Whether one of these keys of a recipe has a non-empty list.</summary>
    public static bool HasItems(string recipe, params string[] keys)
    {
        using var reader = new StringReader(recipe);
        return Parse(reader).Any(pair => keys.Contains(pair.Key.ToString()) && pair.Value is YamlSequenceNode { Children.Count: > 0 });
    }

    static YamlMappingNode Parse(TextReader reader) => (YamlMappingNode)BoundedYaml.Load(reader)!;

    static IEnumerable<(string Key, string Value)> Scalars(YamlMappingNode section, string path) =>
        section.SelectMany(pair => pair.Value switch
        {
            YamlMappingNode inner => Scalars(inner, $"{path}{pair.Key}."),
            YamlScalarNode value => [($"{path}{pair.Key}", value.Value!)],
            _ => throw new NotSupportedException($"{path}{pair.Key}: a shipped recipe that the studio reads has no lists"),
        });
}
