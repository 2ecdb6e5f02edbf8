using System.Text.Json.Nodes;

namespace Attune.Models.Families;

/// <summary>
/// Qwen 3: Qwen 2 with normalised queries and keys in place of biases. Yang et al. 2025, https://arxiv.org/abs/2505.09388
/// </summary>
public static class Qwen3
{
    static readonly JsonObject Defaults = new() { ["head_dim"] = 128, ["max_position_embeddings"] = 32_768, ["sliding_window"] = 4096 };

    /// <summary>How checkpoints of Qwen 3 are read and built.</summary>
    public static ModelFamily Family { get; } = new()
    {
        Type = "qwen3",
        BackboneName = "model",
        LanguageModelClass = "Qwen3ForCausalLM",
        RewardModelClass = "Qwen3ForSequenceClassification",
        Backbone = json => new RotaryDecoder(Qwen2.Read(json.WithDefaults(Defaults)) with { NormalizesHeads = true }),
        IgnoredTensors = RotaryDecoder.IgnoredTensors,
        TiedTensors = RotaryDecoder.TiedTensors,
    };
}
