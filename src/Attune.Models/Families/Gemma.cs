using System.Text.Json.Nodes;

namespace Attune.Models.Families;

/// <summary>
/// Gemma: Llama with scaled embeddings, a GELU gate and norms that store weight − 1. Mesnard et al. 2024,
/// https://arxiv.org/abs/2403.08295
/// </summary>
public static class Gemma
{
    static readonly JsonObject Defaults = new() { ["head_dim"] = 256, ["max_position_embeddings"] = 8192 };

    /// <summary>How checkpoints of Gemma are read and built.</summary>
    public static ModelFamily Family { get; } = new()
    {
        Type = "gemma",
        BackboneName = "model",
        LanguageModelClass = "GemmaForCausalLM",
        RewardModelClass = "GemmaForSequenceClassification",
        TiedByDefault = true,
        Backbone = json => new RotaryDecoder(Read(json.WithDefaults(Defaults))),
        IgnoredTensors = RotaryDecoder.IgnoredTensors,
        TiedTensors = RotaryDecoder.TiedTensors,
    };

    /// <summary>
    /// The settings that all Gemma models share. <c>hidden_activation</c> takes the place of <c>hidden_act</c>, or comes in addition.
    /// </summary>
    internal static RotaryDecoderConfig Read(ConfigReader json, RotaryFrequencies? frequencies = null)
    {
        var activation = json.Text("hidden_activation", json.Text("hidden_act", "gelu_pytorch_tanh"));
        var config = RotaryDecoderConfig.Read(json.With(new JsonObject { ["hidden_act"] = activation }), frequencies);
        return config with { NormsStoreOffset = true, EmbeddingScale = Math.Sqrt(config.Width) };
    }
}
