using Attune.Models;
using Attune.Models.Families;
using Attune.Models.Heads;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Export;

/// <summary>
/// Llama and its variants in llama.cpp. The architecture <c>llama</c> rotates neighbouring channels, so rows of queries and keys are
/// reordered; the others rotate channels i and i + D/2, as checkpoints do.
/// </summary>
sealed class RotaryGgufModel : GgufModel
{
    readonly LanguageModel model;
    readonly RotaryDecoderConfig config;
    readonly RotaryFrequencies frequencies;
    readonly string source;
    readonly double queryFactor;

    public RotaryGgufModel(LanguageModel model, RotaryDecoderConfig config, string source)
    {
        (this.model, this.config, this.source) = (model, config, source);
        Architecture = (string)model.Config["model_type"]! switch
        {
            "mistral" => "llama",
            "gemma3_text" => "gemma3",
            var type => type,
        };
        frequencies = config.LayerAttention.Last(layer => layer.Window == Windows.Min()).Frequencies;
        queryFactor = config.AttentionScale * Math.Sqrt(HasScaleOfItsSize ? config.Width / config.Heads : config.HeadWidth);
        Require();
    }

    public override string Architecture { get; }

    bool IsGemma => config.NormsStoreOffset;

    /// <summary>Whether llama.cpp computes sliding windows in this architecture.</summary>
    bool HasWindows => Architecture is "gemma2" or "gemma3";

    /// <summary>llama.cpp scales scores by D / H in Gemma 2 and 3 with 27 billion parameters, which it knows by their layers.</summary>
    bool HasScaleOfItsSize => (Architecture, config.Layers) is ("gemma2", 46) or ("gemma3", 62);

    IEnumerable<long> Windows => config.LayerAttention.Select(layer => layer.Window);

    double LogitSoftCap => (model.OutputHead as LinearOutputHead)?.SoftCap ?? 0;

    /// <summary>A model whose windows llama.cpp does not compute is the same up to the length of the smallest one.</summary>
    long ContextLength => HasWindows ? config.ContextLength : Windows.Where(window => window > 0).Append(config.ContextLength).Min();

    public override IEnumerable<string> Notices
    {
        get
        {
            if (ContextLength < config.ContextLength)
                yield return $"llama.cpp computes no sliding window in the architecture {Architecture}: the context length is "
                    + $"{ContextLength:N0} tokens, up to which the results are the same (was {config.ContextLength:N0})";
            if (frequencies.Type == "dynamic")
                yield return $"llama.cpp has no dynamic rotary scaling: results are the same up to {config.ContextLength:N0} tokens";
            if (frequencies.Type == "longrope")
                yield return "llama.cpp selects the rotary factors by the size of its context (-c), not by the length of the text: use a "
                    + $"context of at most {frequencies.OriginalContext:N0} tokens for texts that are not longer";
        }
    }

    public override IEnumerable<(string Key, object Value)> Settings =>
    [
        ("context_length", (uint)ContextLength),
        ("embedding_length", (uint)config.Width),
        ("block_count", (uint)config.Layers),
        ("feed_forward_length", (uint)config.InnerWidth),
        ("attention.head_count", (uint)config.Heads),
        ("attention.head_count_kv", (uint)config.KeyHeads),
        ("attention.key_length", (uint)config.HeadWidth),
        ("attention.value_length", (uint)config.HeadWidth),
        ("attention.layer_norm_rms_epsilon", (float)config.NormEpsilon),
        ("rope.dimension_count", (uint)frequencies.Width),
        ("rope.freq_base", (float)frequencies.Theta),
        .. ScalingSettings,
        .. HasWindows ? WindowSettings : [],
        .. Architecture == "gemma2" ? SoftCapSettings : [],
    ];

    IEnumerable<(string Key, object Value)> ScalingSettings
    {
        get
        {
            var (scaling, factor) = (frequencies.Scaling, frequencies.Compute(config.ContextLength).Factor);
            return frequencies.Type switch
            {
                "linear" => [("rope.scaling.type", "linear"), ("rope.scaling.factor", (float)scaling.Positive("factor"))],
                "longrope" =>
                [
                    ("rope.scaling.type", "longrope"),
                    ("rope.scaling.original_context_length", (uint)frequencies.OriginalContext),
                    ("rope.scaling.attn_factor", (float)factor),
                ],
                "yarn" => YarnSettings(scaling.Positive("factor", config.ContextLength / frequencies.OriginalContext), factor),
                _ => [],
            };
        }
    }

    /// <summary>llama.cpp multiplies the attention factor by 1 + 0.1 ln(factor).</summary>
    IEnumerable<(string Key, object Value)> YarnSettings(double factor, double attention) =>
    [
        ("rope.scaling.type", "yarn"),
        ("rope.scaling.factor", (float)factor),
        ("rope.scaling.original_context_length", (uint)frequencies.OriginalContext),
        ("rope.scaling.attn_factor", (float)(attention / (1 + 0.1 * Math.Log(factor)))),
        ("rope.scaling.yarn_beta_fast", (float)frequencies.Scaling.Positive("beta_fast", 32)),
        ("rope.scaling.yarn_beta_slow", (float)frequencies.Scaling.Positive("beta_slow", 1)),
    ];

    IEnumerable<(string Key, object Value)> WindowSettings =>
    [
        ("attention.sliding_window", (uint)Windows.Max()),
        .. Architecture == "gemma3"
            ? [("attention.sliding_window_pattern", (object)(uint)WindowPeriod), ("rope.freq_base_swa", (float)NearFrequencies.Theta)]
            : Array.Empty<(string, object)>(),
    ];

    IEnumerable<(string Key, object Value)> SoftCapSettings =>
        [("attn_logit_softcapping", (float)config.AttentionSoftCap), ("final_logit_softcapping", (float)LogitSoftCap)];

    RotaryFrequencies NearFrequencies => config.LayerAttention.First(layer => layer.Window > 0).Frequencies;

    /// <summary>Every layer of this number is the only one without a window among as many; 0 if the layers follow no such rule.</summary>
    int WindowPeriod => Enumerable.Range(2, config.Layers).FirstOrDefault(
        period => Windows.Index().All(layer => layer.Item > 0 == ((layer.Index + 1) % period != 0)));

    public override IEnumerable<(string Name, float[] Values)> Frequencies => frequencies.Type switch
    {
        "llama3" => [("rope_freqs.weight", Divisors(config.ContextLength))],
        "longrope" =>
        [
            ("rope_factors_long.weight", Divisors(frequencies.OriginalContext + 1)),
            ("rope_factors_short.weight", Divisors(frequencies.OriginalContext)),
        ],
        _ => [],
    };

    /// <summary>The numbers that frequencies without a scaling are divided by, for texts of a length.</summary>
    float[] Divisors(double length) =>
        [.. frequencies.Unscaled.Zip(frequencies.Compute(length).Inverse, (unscaled, scaled) => unscaled / scaled)];

    protected override (string Layer, string Other) Prefixes => ("model.layers.", "model.");

    protected override IReadOnlyDictionary<string, string> Names => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["embed_tokens"] = "token_embd",
        ["norm"] = "output_norm",
        ["lm_head"] = "output",
        ["input_layernorm"] = "attn_norm",
        ["self_attn.q_proj"] = "attn_q",
        ["self_attn.k_proj"] = "attn_k",
        ["self_attn.v_proj"] = "attn_v",
        ["self_attn.qkv_proj"] = "attn_qkv",
        ["self_attn.o_proj"] = "attn_output",
        ["self_attn.q_norm"] = "attn_q_norm",
        ["self_attn.k_norm"] = "attn_k_norm",
        ["post_attention_layernorm"] = config.NormalizesOutputs ? "post_attention_norm" : "ffn_norm",
        ["pre_feedforward_layernorm"] = "ffn_norm",
        ["post_feedforward_layernorm"] = "post_ffw_norm",
        ["mlp.gate_proj"] = "ffn_gate",
        ["mlp.up_proj"] = "ffn_up",
        ["mlp.gate_up_proj"] = "ffn_up",
        ["mlp.down_proj"] = "ffn_down",
    };

    public override Tensor Convert(string name, Tensor value)
    {
        var part = name.Split('.')[^2];
        if (IsGemma && part.EndsWith("_norm", StringComparison.Ordinal))
            value = value.To(DType.Float32) + 1;
        if (part == (config.NormalizesHeads ? "attn_q_norm" : "attn_q") && Math.Abs(queryFactor - 1) > 1e-6)
            value = value.To(DType.Float32) * queryFactor;
        return Architecture == "llama" && part is "attn_q" or "attn_k" ? Interleaved(value) : value;
    }

    /// <summary>Rows i and i + D/2 of each head become neighbours.</summary>
    Tensor Interleaved(Tensor value)
    {
        var (rows, columns) = (value.Size(0), value.ElementCount / value.Size(0));
        return value.Reshape(rows / config.HeadWidth, 2, config.HeadWidth / 2, columns).Transpose(1, 2).Reshape([.. value.Shape]);
    }

    void Require()
    {
        var activation = IsGemma ? "gelu_pytorch_tanh" : "silu";
        RequireThat(config.Activation == Activation.Named(activation), $"the activation {activation} only, and config.json names another");
        RequireThat(
            Architecture == "llama" || (!config.OutputBias && !config.MlpBias && config.InputBias == (Architecture == "qwen2")),
            "no such biases (attention_bias, mlp_bias)");
        RequireThat(Architecture is not ("gemma" or "gemma2") || model.IsTied, "an output matrix that is the token embedding only");
        RequireThat(
            Architecture == "phi3" || frequencies.Width == config.HeadWidth,
            "no rotary positions on a part of a head (partial_rotary_factor)");
        RequireThat(
            frequencies.Type switch
            {
                "llama3" => Architecture == "llama",
                "longrope" => Architecture is "llama" or "phi3",
                "yarn" => frequencies.Scaling.Flag("truncate", true),
                _ => true,
            },
            $"no rotary scaling '{frequencies.Type}' with these settings");
        RequireThat((LogitSoftCap > 0) == (Architecture == "gemma2"), "final_logit_softcapping for gemma2 only, where it must be above 0");
        RequireThat(Architecture != "gemma2" || config.AttentionSoftCap > 0, "attn_logit_softcapping above 0 only");
        RequireThat(
            Architecture switch
            {
                "gemma2" => WindowPeriod == 2,
                "gemma3" => WindowPeriod > 0 && NearFrequencies.Type == "default",
                _ => true,
            },
            "sliding windows in all but every n-th layer only, without a rotary scaling in them (n is 2 for gemma2)");
    }

    void RequireThat(bool isSupported, string what)
    {
        if (!isSupported)
            throw new InvalidDataException($"{source} cannot be exported: for the architecture {Architecture}, llama.cpp supports {what}");
    }
}
