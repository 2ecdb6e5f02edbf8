using System.Text.Json.Nodes;

namespace Attune.Models.Families;

/// <summary>Mistral: Llama with a sliding window in every layer. Jiang et al. 2023, https://arxiv.org/abs/2310.06825</summary>
public static class Mistral
{
    static readonly JsonObject Defaults = new()
    {
        ["num_key_value_heads"] = 8,
        ["max_position_embeddings"] = 131_072,
        ["sliding_window"] = 4096,
    };

    /// <summary>How checkpoints of Mistral are read and built.</summary>
    public static ModelFamily Family { get; } = new()
    {
        Type = "mistral",
        BackboneName = "model",
        LanguageModelClass = "MistralForCausalLM",
        RewardModelClass = "MistralForSequenceClassification",
        Backbone = json => new RotaryDecoder(Read(json.WithDefaults(Defaults))),
        IgnoredTensors = RotaryDecoder.IgnoredTensors,
        TiedTensors = RotaryDecoder.TiedTensors,
    };

    /// <summary>Every layer has the window if <c>sliding_window</c> is not null.</summary>
    internal static RotaryDecoderConfig Read(ConfigReader json) =>
        RotaryDecoderConfig.Read(json).WithWindow(json, _ => json.Has("sliding_window"));
}
