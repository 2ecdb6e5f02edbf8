using System.Text.Json.Nodes;

namespace Attune.Models.Families;

/// <summary>
/// Gemma: Llama with scaled embeddings, a GELU gate and norms that store their offset from 1. Mesnard et al. 2024,
/// https://arxiv.org/abs/2403.08295
/// </summary>
public static class Gemma
{
    static readonly JsonObject Defaults = new() { ["head_dim"] = 256, ["max_position_embeddings"] = 8192 };

    /// <summary>What checkpoints of Gemma are like.</summary>
    public static ModelFamily Family { get; } = new()
    {
        Type = "gemma",
        BackboneName = "model",
        LanguageModelClass = "GemmaForCausalLM",
        RewardModelClass = "GemmaForSequenceClassification",
        TiedByDefault = true,
        Backbone = json => new RotaryDecoder(Read(json.WithDefaults(Defaults))),
        IgnoredTensors = RotaryDecoder.IgnoredTensors,
    };

    /// <summary>What all Gemmas have. <c>hidden_activation</c> stands where other families have <c>hidden_act</c>, or beside it.</summary>
    internal static RotaryDecoderConfig Read(ConfigReader json, RotaryFrequencies? frequencies = null)
    {
        var activation = json.Text("hidden_activation", json.Text("hidden_act", "gelu_pytorch_tanh"));
        var config = RotaryDecoderConfig.Read(json.With(new JsonObject { ["hidden_act"] = activation }), frequencies);
        return config with { NormsStoreOffset = true, EmbeddingScale = Math.Sqrt(config.Width) };
    }
}
