using System.Text.Json;
using Attune.Input;
using YamlDotNet.RepresentationModel;

namespace Attune.Studio.Loop;

/// <summary>Reads the recipes of recipes/, whose values were tuned on models of the quickstart's size, on a CPU.</summary>
static class ShippedRecipe
{
    /// <summary>Keys that a request or the machine sets.</summary>
    static readonly string[] SetElsewhere = ["method", "training.workers"];

    /// <summary>
    /// The values of a method's shipped recipe as key=value arguments, without paths and rewards; none where there is no such recipe.
    /// </summary>
    public static IReadOnlyList<string> Words(string method)
    {
        using var stream = typeof(ShippedRecipe).Assembly.GetManifestResourceStream($"recipes/{method}.yaml");
        if (stream is null)
            return [];
        using var reader = new StreamReader(stream);
        return
        [
            .. Values((YamlMappingNode)BoundedYaml.Load(reader)!, "").Where(pair => !SetElsewhere.Contains(pair.Key))
                .Select(pair => $"{pair.Key}={pair.Value}"),
        ];
    }

    static IEnumerable<(string Key, string Value)> Values(YamlMappingNode section, string path) =>
        section.SelectMany(pair => pair.Value switch
        {
            YamlMappingNode inner => Values(inner, $"{path}{pair.Key}."),
            YamlScalarNode value when !IsPath(value) => [($"{path}{pair.Key}", value.Value!)],
            YamlSequenceNode list when list.All(item => item is YamlScalarNode) => [($"{path}{pair.Key}", List(list))],
            _ => Array.Empty<(string, string)>(),
        });

    static bool IsPath(YamlScalarNode value) => value.Value!.Contains('/', StringComparison.Ordinal);

    static string List(YamlSequenceNode list) =>
        $"[{string.Join(", ", list.Cast<YamlScalarNode>().Select(item => JsonSerializer.Serialize(item.Value)))}]";
}
