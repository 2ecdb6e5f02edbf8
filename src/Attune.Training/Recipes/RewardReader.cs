using Attune.Input;
using Attune.Training.Options;
using Attune.Training.Rewards;
using YamlDotNet.RepresentationModel;

namespace Attune.Training.Recipes;

/// <summary>Reads a list of rewards outside of a recipe.</summary>
public static class RewardReader
{
    /// <summary>The rewards of a YAML list, or the one of a YAML map: <c>{kind: length, target: 20}</c>.</summary>
    /// <exception cref="InvalidDataException">It is not YAML, or a reward is invalid; the message lists all errors.</exception>
    public static IReadOnlyList<RewardOptions> Parse(string yaml)
    {
        var node = BoundedYaml.Load(new StringReader(yaml));
        var list = node as YamlSequenceNode ?? (node is null ? [] : new YamlSequenceNode(node));
        var errors = new List<string>();
        var root = new YamlMappingNode(new YamlScalarNode("rewards"), list);
        var read = (RewardList)new RecipeBinder(file: null, errors).Bind(root, new RewardList(), path: "");
        string[] all = [.. errors, .. errors.Count == 0 ? Validation.Check(read) : [], .. RecipePaths.Missing(read)];
        return all.Length == 0 ? read.Rewards : throw new InvalidDataException(string.Join("\n", all));
    }
}
