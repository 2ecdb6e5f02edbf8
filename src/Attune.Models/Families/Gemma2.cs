using System.Text.Json.Nodes;
using Attune.Models.Heads;

namespace Attune.Models.Families;

/// <summary>
/// Gemma 2: every other layer has a sliding window, attention scores and logits are capped, outputs of attention and MLP are
/// normalised. Riviere et al. 2024, https://arxiv.org/abs/2408.00118
/// </summary>
public static class Gemma2
{
    static readonly JsonObject Defaults = new()
    {
        ["head_dim"] = 256,
        ["max_position_embeddings"] = 8192,
        ["query_pre_attn_scalar"] = 256,
        ["sliding_window"] = 4096,
        ["attn_logit_softcapping"] = 50,
        ["final_logit_softcapping"] = 30,
    };

    /// <summary>How checkpoints of Gemma 2 are read and built.</summary>
    public static ModelFamily Family { get; } = new()
    {
        Type = "gemma2",
        BackboneName = "model",
        LanguageModelClass = "Gemma2ForCausalLM",
        RewardModelClass = "Gemma2ForSequenceClassification",
        TiedByDefault = true,
        Backbone = json => new RotaryDecoder(Read(json.WithDefaults(Defaults))),
        OutputHead = (json, backbone, tied) =>
            new LinearOutputHead(backbone, tied) { SoftCap = json.WithDefaults(Defaults).NotNegative("final_logit_softcapping", 0) },
        IgnoredTensors = RotaryDecoder.IgnoredTensors,
        TiedTensors = RotaryDecoder.TiedTensors,
    };

    static RotaryDecoderConfig Read(ConfigReader json) => Gemma.Read(json).WithLayerTypes(json, layer => layer % 2 == 0) with
    {
        NormalizesOutputs = true,
        AttentionScale = 1 / Math.Sqrt(json.Positive("query_pre_attn_scalar")),
        AttentionSoftCap = json.NotNegative("attn_logit_softcapping", 0),
    };
}
