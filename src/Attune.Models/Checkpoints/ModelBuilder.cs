using System.Text.Json.Nodes;
using Attune.Models.Backbones;
using Attune.Models.Families;
using Attune.Models.Heads;
using Attune.Models.Layers;
using Attune.Torch.Distributed;

namespace Attune.Models.Checkpoints;

/// <summary>Builds models by the settings of a config.json, without weights, and names the tensors of their heads.</summary>
static class ModelBuilder
{
    /// <summary>
    /// A model with the heads that its settings describe, and with those of TRL and of trlX that its tensors' names show.
    /// </summary>
    public static LanguageModel LanguageModel(
        JsonObject config, string source, IReadOnlyCollection<string>? tensors = null, bool expectValueHead = false)
    {
        var model = WithoutHeads(config, source);
        model.AddHeads(new(config, source));
        if (expectValueHead || tensors?.Any(name => name.StartsWith(ValueHead.Name + '.', StringComparison.Ordinal)) == true)
            model.AddValueHead();
        IlqlHeads.AddFrom(model, tensors ?? []);
        return model;
    }

    public static LanguageModel WithoutHeads(JsonObject config, string source)
    {
        var (family, json) = (Family(config, source), new ConfigReader(config, source));
        var backbone = Sharded(family.Backbone(json));
        return new(config, family.BackboneName, backbone, family.OutputHead(json, backbone, ModelFamily.IsTied(json)));
    }

    public static RewardModel RewardModel(JsonObject config, string source)
    {
        var (family, json) = (Family(config, source), new ConfigReader(config, source));
        var backbone = Sharded(family.Backbone(json));
        return new(config, source, family.BackboneName, backbone, () => NewRewardHead(config, family, json, backbone));
    }

    /// <summary>
    /// Whether a tensor belongs to a head of a language model: the output head, a value head, or one that the settings describe.
    /// </summary>
    public static Func<string, bool> IsHeadOfALanguageModel(JsonObject config, string source)
    {
        var names = OutputHeadNames(config, source);
        string[] heads =
            [ValueHead.Name + '.', IlqlHeads.Prefix, .. Head.FromConfig(new(config, source), width: 1).Select(head => head.Name + '.')];
        return name => names.Contains(name) || Array.Exists(heads, head => name.StartsWith(head, StringComparison.Ordinal));
    }

    /// <summary>The names of the output head's tensors, including its matrix when that is tied to the token embedding.</summary>
    static IReadOnlyCollection<string> OutputHeadNames(JsonObject config, string source) =>
        Names(config, source, (family, json, backbone) => family.OutputHead(json, backbone, isTied: false));

    /// <summary>The names of the tensors of the output head and of the reward head.</summary>
    public static IEnumerable<string> HeadNames(JsonObject config, string source) =>
        RewardHeadNames(config, source).Concat(OutputHeadNames(config, source));

    public static IReadOnlyCollection<string> RewardHeadNames(JsonObject config, string source) =>
        Names(config, source, (family, json, backbone) => NewRewardHead(config, family, json, backbone));

    static HashSet<string> Names(JsonObject config, string source, Func<ModelFamily, ConfigReader, Backbone, Module> head)
    {
        var (family, json) = (Family(config, source), new ConfigReader(config, source));
        return [.. head(family, json, family.Backbone(json)).NamedParameters().Select(parameter => parameter.Name)];
    }

    /// <summary>Divides the layers of a decoder among the ranks of the current job, where it shards weights.</summary>
    static Backbone Sharded(Backbone backbone)
    {
        (backbone as Decoder)?.Shard(WeightSharding.Current);
        return backbone;
    }

    /// <exception cref="InvalidDataException">The family has no token classifier.</exception>
    static RewardHead NewRewardHead(JsonObject config, ModelFamily family, ConfigReader json, Backbone backbone) =>
        RewardScale.StepSeparator(config, json.Source) is null ? family.RewardHead(json, backbone, labels: 1)
        : family.TokenHeadName is { } name ? new StepHead(backbone.Width, name)
        : throw new InvalidDataException(
            $"{json.Source}: a {family.Type} model cannot be a process reward model, because transformers has no token classifier of this "
            + "type");

    public static ModelFamily Family(JsonObject config, string source) => ModelFamily.FromConfig(new(config, source));
}
