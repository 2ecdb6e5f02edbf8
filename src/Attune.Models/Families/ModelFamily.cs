using System.Text.Json.Nodes;
using Attune.Models.Backbones;
using Attune.Models.Heads;

namespace Attune.Models.Families;

/// <summary>A family of checkpoints: how config.json names it, and how its models are built. Each is described in the file of its backbone.</summary>
public sealed record ModelFamily
{
    /// <summary>The <c>model_type</c> of config.json.</summary>
    public required string Type { get; init; }

    /// <summary>What comes before the names of the backbone's parameters; empty for nothing.</summary>
    public required string BackboneName { get; init; }

    /// <summary>The class of <c>architectures</c> with an output head.</summary>
    public required string LanguageModelClass { get; init; }

    /// <summary>The class of <c>architectures</c> with a one-label head.</summary>
    public required string RewardModelClass { get; init; }

    /// <summary>What an absent <c>tie_word_embeddings</c> means.</summary>
    public bool TiedByDefault { get; init; }

    public required Func<ConfigReader, Backbone> Backbone { get; init; }

    /// <summary>From the settings, the backbone, and whether the token table is the output matrix.</summary>
    public Func<ConfigReader, Backbone, bool, OutputHead> OutputHead { get; init; } = (_, backbone, tied) => new LinearOutputHead(backbone, tied);

    public Func<ConfigReader, Backbone, RewardHead> RewardHead { get; init; } = (_, backbone) => new LastTokenRewardHead(backbone.Width);

    /// <summary>
    /// How tensors begin or end (<c>*</c> stands for the rest) that checkpoints carry and no model needs: buffers, heads of other tasks,
    /// copies of tied tables.
    /// </summary>
    public IReadOnlyList<string> IgnoredTensors { get; init; } = [];

    /// <summary>How names of tensors end in old checkpoints, and how in newer ones.</summary>
    public IReadOnlyList<(string Old, string New)> Renamed { get; init; } = [];

    /// <summary>The settings of a new model of this shape, without tokens; null where the family is read only.</summary>
    public Func<ModelShape, JsonObject>? NewConfig { get; init; }

    /// <summary>Every family that Attune reads.</summary>
    public static IReadOnlyList<ModelFamily> All { get; } =
    [
        Gpt2.Family, GptNeoX.Family, Llama.Family, Mistral.Family, Qwen2.Family, Qwen3.Family, Gemma.Family, Gemma2.Family, Gemma3.Family,
        Phi3.Family, Bert.Family, Roberta.Family, DistilBert.Family, T5.Family,
    ];

    public static string Names => string.Join(", ", All.Select(family => family.Type));

    /// <exception cref="InvalidDataException">The family is not one of <see cref="All"/>.</exception>
    public static ModelFamily FromConfig(ConfigReader config)
    {
        var type = config.Text("model_type");
        var classes = config.Has("architectures") ? $" ({string.Join(", ", config.Texts("architectures"))})" : "";
        return All.FirstOrDefault(family => family.Type == type)
            ?? throw new InvalidDataException($"{config.Source}: models of type '{type}'{classes} are not known; known are {Names}");
    }

    /// <summary>Whether the output matrix of a model with these settings is its token table.</summary>
    internal static bool IsTied(ConfigReader config) => config.Flag("tie_word_embeddings", FromConfig(config).TiedByDefault);

    /// <summary>The name of a tensor today.</summary>
    public string CurrentName(string name)
    {
        foreach (var (old, now) in Renamed)
            if (name.EndsWith(old, StringComparison.Ordinal))
                return name[..^old.Length] + now;
        return name;
    }

    /// <summary>Whether a tensor of a checkpoint is one of <see cref="IgnoredTensors"/>.</summary>
    public bool IsIgnored(string name) => IgnoredTensors.Any(pattern => pattern switch
    {
        ['*', .. var end] => name.EndsWith(end, StringComparison.Ordinal),
        [.. var start, '*'] => name.StartsWith(start, StringComparison.Ordinal),
        _ => name == pattern,
    });
}
