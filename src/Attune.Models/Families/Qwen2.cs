using System.Text.Json.Nodes;

namespace Attune.Models.Families;

/// <summary>
/// Qwen 2 and 2.5: Llama with biases on queries, keys and values. Yang et al. 2024, https://arxiv.org/abs/2407.10671 and
/// https://arxiv.org/abs/2412.15115.
/// </summary>
public static class Qwen2
{
    static readonly JsonObject Defaults = new() { ["max_position_embeddings"] = 32_768, ["sliding_window"] = 4096 };

    /// <summary>How checkpoints of Qwen 2 are read and built.</summary>
    public static ModelFamily Family { get; } = new()
    {
        Type = "qwen2",
        BackboneName = "model",
        LanguageModelClass = "Qwen2ForCausalLM",
        RewardModelClass = "Qwen2ForSequenceClassification",
        Backbone = json => new RotaryDecoder(Read(json.WithDefaults(Defaults)) with { InputBias = true, OutputBias = false }),
        IgnoredTensors = RotaryDecoder.IgnoredTensors,
        TiedTensors = RotaryDecoder.TiedTensors,
    };

    /// <summary>
    /// With <c>use_sliding_window</c>, the layers that <c>layer_types</c> names have a window, or without it those from
    /// <c>max_window_layers</c> on.
    /// </summary>
    internal static RotaryDecoderConfig Read(ConfigReader json)
    {
        if (!json.Flag("use_sliding_window", false))
            json = json.With(new JsonObject { ["sliding_window"] = null });
        var first = json.Has("sliding_window") ? json.Whole("max_window_layers", 28) : long.MaxValue;
        return RotaryDecoderConfig.Read(json).WithLayerTypes(json, layer => layer >= first);
    }
}
