using System.Text.Json.Nodes;

namespace Attune.Models.Families;

/// <summary>
/// Llama 1 to 3. Touvron et al. 2023, https://arxiv.org/abs/2302.13971 and https://arxiv.org/abs/2307.09288; Grattafiori et al. 2024,
/// https://arxiv.org/abs/2407.21783.
/// </summary>
public static class Llama
{
    /// <summary>How checkpoints of Llama are read and built.</summary>
    public static ModelFamily Family { get; } = new()
    {
        Type = "llama",
        BackboneName = "model",
        LanguageModelClass = "LlamaForCausalLM",
        RewardModelClass = "LlamaForSequenceClassification",
        Backbone = json => new RotaryDecoder(RotaryDecoderConfig.Read(json) with { MlpBias = json.Flag("mlp_bias", false) }),
        IgnoredTensors = RotaryDecoder.IgnoredTensors,
        TiedTensors = RotaryDecoder.TiedTensors,
        NewConfig = NewConfig,
    };

    static JsonObject NewConfig(ModelShape shape) => new()
    {
        ["num_hidden_layers"] = shape.Layers,
        ["hidden_size"] = shape.Width,
        ["num_attention_heads"] = shape.Heads,
        ["num_key_value_heads"] = shape.KeyHeads == 0 ? shape.Heads : shape.KeyHeads,
        ["head_dim"] = shape.Width / shape.Heads,
        ["intermediate_size"] = shape.InnerWidth == 0 ? (shape.Width * 8 / 3 + 31) / 32 * 32 : shape.InnerWidth,
        ["max_position_embeddings"] = shape.Context,
        ["hidden_act"] = "silu",
        ["rms_norm_eps"] = 1e-5,
        ["rope_theta"] = 10000.0,
        ["attention_bias"] = false,
        ["mlp_bias"] = false,
        ["attention_dropout"] = shape.Dropout,
    };
}
