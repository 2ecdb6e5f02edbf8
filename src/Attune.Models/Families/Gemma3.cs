using System.Text.Json.Nodes;
using Attune.Models.Heads;

namespace Attune.Models.Families;

/// <summary>
/// The text model of Gemma 3: normalised queries and keys replace Gemma 2's caps, and layers with a sliding window have their own
/// rotary period. Kamath et al. 2025, https://arxiv.org/abs/2503.19786
/// </summary>
public static class Gemma3
{
    static readonly JsonObject Defaults = new()
    {
        ["head_dim"] = 256,
        ["max_position_embeddings"] = 131_072,
        ["query_pre_attn_scalar"] = 256,
        ["sliding_window"] = 4096,
        ["sliding_window_pattern"] = 6,
        ["rope_theta"] = 1_000_000,
        ["rope_local_base_freq"] = 10_000,
    };

    /// <summary>How checkpoints of Gemma 3 are read and built.</summary>
    public static ModelFamily Family { get; } = new()
    {
        Type = "gemma3_text",
        BackboneName = "model",
        LanguageModelClass = "Gemma3ForCausalLM",
        RewardModelClass = "Gemma3TextForSequenceClassification",
        TokenHeadName = null,
        TiedByDefault = true,
        Backbone = json => new RotaryDecoder(Read(json.WithDefaults(Defaults))),
        OutputHead = (json, backbone, tied) =>
            new LinearOutputHead(backbone, tied) { SoftCap = json.NotNegative("final_logit_softcapping", 0) },
        IgnoredTensors = RotaryDecoder.IgnoredTensors,
        TiedTensors = RotaryDecoder.TiedTensors,
    };

    static RotaryDecoderConfig Read(ConfigReader json)
    {
        var (rope, headWidth, pattern) = (json.Inner("rope_parameters"), json.Count("head_dim"), json.Count("sliding_window_pattern"));
        var far = RotaryFrequencies.Read(
            json, rope?.Inner("full_attention") ?? json.Inner("rope_scaling"), headWidth, json.Positive("rope_theta"));
        var near = RotaryFrequencies.Read(json, rope?.Inner("sliding_attention"), headWidth, json.Positive("rope_local_base_freq"));
        return Gemma.Read(json, far).WithLayerTypes(json, layer => (layer + 1) % pattern != 0, near) with
        {
            NormalizesHeads = true,
            NormalizesOutputs = true,
            AttentionScale = 1 / Math.Sqrt(json.Positive("query_pre_attn_scalar")),
        };
    }
}
