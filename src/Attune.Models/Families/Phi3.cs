using System.Text.Json.Nodes;

namespace Attune.Models.Families;

/// <summary>
/// Phi-3 and Phi-4-mini: Llama with joined projections, and rotary positions on a part or all of each head. Abdin et al. 2024,
/// https://arxiv.org/abs/2404.14219
/// </summary>
public static class Phi3
{
    static readonly JsonObject Defaults = new()
    {
        ["rms_norm_eps"] = 1e-5,
        ["max_position_embeddings"] = 4096,
        ["original_max_position_embeddings"] = 4096,
    };

    /// <summary>How checkpoints of Phi-3 are read and built.</summary>
    public static ModelFamily Family { get; } = new()
    {
        Type = "phi3",
        BackboneName = "model",
        LanguageModelClass = "Phi3ForCausalLM",
        RewardModelClass = "Phi3ForSequenceClassification",
        Backbone = json => new RotaryDecoder(Read(json.WithDefaults(Defaults))),
        IgnoredTensors = RotaryDecoder.IgnoredTensors,
        TiedTensors = RotaryDecoder.TiedTensors,
    };

    static RotaryDecoderConfig Read(ConfigReader json) => Mistral.Read(json) with
    {
        AttentionNames = ["qkv_proj"],
        MlpNames = ["gate_up_proj"],
        ResidualDropout = json.Probability("resid_pdrop", 0),
    };
}
