using System.Text.Json.Nodes;
using Attune.Models.Backbones;
using Attune.Models.Heads;

namespace Attune.Models.Families;

/// <summary>Builds an output head.</summary>
/// <param name="json">The settings.</param>
/// <param name="backbone">The backbone.</param>
/// <param name="isTied">Whether the output matrix is the token embedding.</param>
public delegate OutputHead NewOutputHead(ConfigReader json, Backbone backbone, bool isTied);

/// <summary>Builds the head of a classifier of texts.</summary>
/// <param name="json">The settings.</param>
/// <param name="backbone">The backbone.</param>
/// <param name="labels">The number of labels.</param>
public delegate RewardHead NewRewardHead(ConfigReader json, Backbone backbone, int labels);

/// <summary>
/// A family of checkpoints: how config.json names it, and how its models are built. Each family is defined in the file of its backbone.
/// </summary>
public sealed record ModelFamily
{
    /// <summary>The <c>model_type</c> of config.json.</summary>
    public required string Type { get; init; }

    /// <summary>The prefix of the backbone's parameter names; empty for none.</summary>
    public required string BackboneName { get; init; }

    /// <summary>The class in <c>architectures</c> of a model with an output head.</summary>
    public required string LanguageModelClass { get; init; }

    /// <summary>The class in <c>architectures</c> of a reward model, which has one label, and of a classifier.</summary>
    public required string RewardModelClass { get; init; }

    /// <summary>The name of the head in a model that classifies tokens; null where transformers has none.</summary>
    public string? TokenHeadName { get; init; } = "score";

    /// <summary>The class in <c>architectures</c> of a process reward model.</summary>
    public string StepModelClass => RewardModelClass.Replace("ForSequence", "ForToken", StringComparison.Ordinal);

    /// <summary>The value of <c>tie_word_embeddings</c> when it is absent.</summary>
    public bool TiedByDefault { get; init; }

    public required Func<ConfigReader, Backbone> Backbone { get; init; }

    /// <summary>Builds the output head.</summary>
    public NewOutputHead OutputHead { get; init; } =
        (_, backbone, tied) => new LinearOutputHead(backbone, tied);

    /// <summary>Builds the head of <c>*ForSequenceClassification</c>.</summary>
    public NewRewardHead RewardHead { get; init; } =
        (_, backbone, labels) => new LastTokenRewardHead(backbone.Width, labels);

    /// <summary>
    /// Patterns (<c>*</c> stands for any text) of tensor names that checkpoints have and the model does not need: buffers, heads of
    /// other tasks, copies of tied embeddings.
    /// </summary>
    public IReadOnlyList<string> IgnoredTensors { get; init; } = [];

    /// <summary>
    /// Parameters that a model with its own output matrix has, and the ones that take their place in a tied model: transformers'
    /// <c>_tied_weights_keys</c>. A checkpoint that has both, with different values, is not tied, whatever its settings say.
    /// </summary>
    public required IReadOnlyList<(string Own, string Shared)> TiedTensors { get; init; }

    /// <summary>Tensors that must equal another one where a checkpoint has both.</summary>
    public IReadOnlyList<(string Copy, string Original)> Copies { get; init; } = [];

    /// <summary>Endings of tensor names in old checkpoints, and their present equivalents.</summary>
    public IReadOnlyList<(string Old, string New)> Renamed { get; init; } = [];

    /// <summary>The settings of a new model of a shape, without special tokens; null where a family can only be loaded.</summary>
    public Func<ModelShape, JsonObject>? NewConfig { get; init; }

    const string TieKey = "tie_word_embeddings";

    /// <summary>All supported families.</summary>
    public static IReadOnlyList<ModelFamily> All { get; } =
    [
        Gpt2.Family, GptNeoX.Family, Llama.Family, Mistral.Family, Qwen2.Family, Qwen3.Family, Gemma.Family, Gemma2.Family, Gemma3.Family,
        Phi3.Family, Bert.Family, Roberta.Family, DistilBert.Family, T5.Family,
    ];

    public static string Names => string.Join(", ", All.Select(family => family.Type));

    /// <exception cref="InvalidDataException">
    /// The family is not one of <see cref="All"/>, or the checkpoint is quantised.
    /// </exception>
    public static ModelFamily FromConfig(ConfigReader config)
    {
        if (config.Inner("quantization_config") is { } quantisation)
            throw new InvalidDataException(
                $"{config.Source}: the checkpoint is quantised ({quantisation.Text("quant_method", "an unnamed method")}), which is not "
                + "supported; use the original one, with float32, bfloat16 or float16 weights");
        var type = config.Text("model_type");
        var classes = config.Has("architectures") ? $" ({string.Join(", ", config.Texts("architectures"))})" : "";
        return All.FirstOrDefault(family => family.Type == type)
            ?? throw new InvalidDataException(
                $"{config.Source}: models of type '{type}'{classes} are not supported; supported types are {Names}");
    }

    /// <summary>
    /// Whether a model with these settings uses the token embedding as its output matrix. transformers 5 writes true for every T5: one
    /// whose outputs are not scaled has its own matrix.
    /// </summary>
    internal static bool IsTied(ConfigReader config) =>
        config.Flag(TieKey, FromConfig(config).TiedByDefault) && config.Flag(T5.ScaleKey, true);

    /// <summary>Changes the settings of a tied model to those of the same model with its own output matrix.</summary>
    internal static void Untie(JsonObject config)
    {
        config[TieKey] = false;
        if ((string?)config["model_type"] == T5.Family.Type)
            config[T5.ScaleKey] = true;
    }

    /// <summary>The present name of a tensor.</summary>
    public string CurrentName(string name)
    {
        foreach (var (old, now) in Renamed)
            if (name.EndsWith(old, StringComparison.Ordinal))
                return name[..^old.Length] + now;
        return name;
    }

    /// <summary>Whether a checkpoint's tensor matches one of <see cref="IgnoredTensors"/>.</summary>
    public bool IsIgnored(string name) => IgnoredTensors.Any(pattern => pattern switch
    {
        ['*', .. var end] => name.EndsWith(end, StringComparison.Ordinal),
        [.. var start, '*'] => name.StartsWith(start, StringComparison.Ordinal),
        _ => name == pattern,
    });
}
