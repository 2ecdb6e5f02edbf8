using System.Text.Json.Nodes;

namespace Attune.Models.Families;

/// <summary>Mistral: Llama with a window that every layer looks at. Jiang et al. 2023, https://arxiv.org/abs/2310.06825</summary>
public static class Mistral
{
    static readonly JsonObject Defaults = new()
    {
        ["num_key_value_heads"] = 8,
        ["max_position_embeddings"] = 131_072,
        ["sliding_window"] = 4096,
    };

    /// <summary>What checkpoints of Mistral are like.</summary>
    public static ModelFamily Family { get; } = new()
    {
        Type = "mistral",
        BackboneName = "model",
        LanguageModelClass = "MistralForCausalLM",
        RewardModelClass = "MistralForSequenceClassification",
        Backbone = json => new RotaryDecoder(Read(json.WithDefaults(Defaults))),
        IgnoredTensors = RotaryDecoder.IgnoredTensors,
    };

    /// <summary>With a <c>sliding_window</c> that is not null, every layer has it.</summary>
    internal static RotaryDecoderConfig Read(ConfigReader json) =>
        RotaryDecoderConfig.Read(json).WithWindow(json, _ => json.Has("sliding_window"));
}
