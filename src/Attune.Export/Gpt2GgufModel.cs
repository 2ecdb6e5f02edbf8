using Attune.Models;
using Attune.Models.Families;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Export;

/// <summary>GPT-2 in llama.cpp. Its checkpoints store matrices with a row for each input; a GGUF file has one for each output.</summary>
sealed class Gpt2GgufModel : GgufModel
{
    readonly Gpt2Config config;

    public Gpt2GgufModel(LanguageModel model, Gpt2Config config, string source)
    {
        this.config = config;
        if (config.Activation != Activation.Named("gelu_new"))
            throw new InvalidDataException(
                $"{source}: llama.cpp computes GPT-2 with activation_function gelu_new only (was {model.Config["activation_function"]})");
        if (!config.ScaleByWidth || config.ScaleByLayer)
            throw new InvalidDataException(
                $"{source}: llama.cpp computes GPT-2 with scale_attn_weights true and scale_attn_by_inverse_layer_idx false only");
    }

    public override string Architecture => "gpt2";

    public override IEnumerable<(string Key, object Value)> Settings =>
    [
        ("context_length", (uint)config.ContextLength),
        ("embedding_length", (uint)config.Width),
        ("block_count", (uint)config.Layers),
        ("feed_forward_length", (uint)config.InnerWidth),
        ("attention.head_count", (uint)config.Heads),
        ("attention.layer_norm_epsilon", (float)config.NormEpsilon),
    ];

    protected override (string Layer, string Other) Prefixes => ("transformer.h.", "transformer.");

    protected override IReadOnlyDictionary<string, string> Names { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["wte"] = "token_embd",
        ["wpe"] = "position_embd",
        ["ln_f"] = "output_norm",
        ["lm_head"] = "output",
        ["ln_1"] = "attn_norm",
        ["attn.c_attn"] = "attn_qkv",
        ["attn.c_proj"] = "attn_output",
        ["ln_2"] = "ffn_norm",
        ["mlp.c_fc"] = "ffn_up",
        ["mlp.c_proj"] = "ffn_down",
    };

    public override Tensor Convert(string name, Tensor value) => IsInputMajor(name, value.Dimensions) ? value.Transpose(0, 1) : value;

    public override long[] ShapeOf(string name, long[] shape) => IsInputMajor(name, shape.Length) ? [shape[1], shape[0]] : shape;

    static bool IsInputMajor(string name, int dimensions) => dimensions == 2 && name.StartsWith("blk.", StringComparison.Ordinal);
}
