using System.Text.Json.Nodes;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models;

/// <summary>
/// Llama: RMS norms, rotary positions, grouped-query attention, SwiGLU. Touvron et al. 2023, https://arxiv.org/abs/2302.13971 and
/// https://arxiv.org/abs/2307.09288. Names as in its Hugging Face checkpoints.
/// </summary>
public sealed class Llama : Backbone
{
    readonly LlamaConfig config;
    readonly Embedding tokenTable;
    readonly LlamaBlock[] blocks;
    readonly RmsNorm finalNorm;

    /// <summary>What checkpoints of Llama are like.</summary>
    public static ModelFamily Family { get; } = new()
    {
        Type = "llama",
        BackboneName = "model",
        LanguageModelClass = "LlamaForCausalLM",
        RewardModelClass = "LlamaForSequenceClassification",
        Backbone = json => new Llama(json),
        Unused = ["*.rotary_emb.inv_freq"],
        NewConfig = NewConfig,
    };

    public Llama(ConfigReader json)
    {
        config = LlamaConfig.Read(json);
        tokenTable = Register("embed_tokens", new Embedding(config.VocabularySize, config.Width, config.InitializerRange));
        blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => Register($"layers.{layer}", new LlamaBlock(config, layer)))];
        finalNorm = Register("norm", new RmsNorm(config.Width, config.NormEpsilon));
    }

    public override long Width => config.Width;

    public override long VocabularySize => config.VocabularySize;

    public override long ContextLength => config.ContextLength;

    public override Parameter TokenTable => tokenTable.Weight;

    public override Tensor Forward(ModelInput input, KvCache? cache = null)
    {
        var cached = cache?.Length ?? 0;
        var positions = input.Positions ?? Tensor.Arange(cached, cached + input.Tokens.Size(1), device: input.Tokens.Device).Unsqueeze(0);
        var angles = Rotary.Angles(positions, config.Frequencies);
        var bias = Attention.CausalBias(input, cached);
        var x = tokenTable.Forward(input.Tokens);                              // (B, T, D)
        foreach (var block in blocks)
            x = block.Forward(x, bias, angles, cache);
        return finalNorm.Forward(x);
    }

    public override KvCache NewCache(long batch, long capacity) =>
        new(config.Layers, batch, config.KeyHeads, capacity, config.HeadWidth, TokenTable.Value.DType, TokenTable.Value.Device);

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

/// <summary>The settings of a Llama config.json that change what it computes.</summary>
sealed record LlamaConfig
{
    public required long VocabularySize { get; init; }
    public required long ContextLength { get; init; }
    public required long Width { get; init; }
    public required int Layers { get; init; }
    public required long Heads { get; init; }
    public required long KeyHeads { get; init; }
    public required long HeadWidth { get; init; }
    public required long InnerWidth { get; init; }
    public required double NormEpsilon { get; init; }
    public required Func<Tensor, Tensor> Activation { get; init; }
    public required RotaryFrequencies Frequencies { get; init; }
    public required bool AttentionBias { get; init; }
    public required bool MlpBias { get; init; }
    public required double InitializerRange { get; init; }
    public required double AttentionDropout { get; init; }

    public static LlamaConfig Read(ConfigReader json)
    {
        var (width, heads) = (json.Count("hidden_size"), json.Count("num_attention_heads"));
        var keyHeads = json.Count("num_key_value_heads", heads);
        var headWidth = json.Count("head_dim", Math.Max(width / heads, 1));
        if (heads % keyHeads != 0 || headWidth % 2 != 0)
            throw new InvalidDataException(
                $"{json.Source}: num_attention_heads ({heads}) should be a multiple of num_key_value_heads ({keyHeads}), and head_dim ({headWidth}) even");
        return new()
        {
            VocabularySize = json.Count("vocab_size"),
            ContextLength = json.Count("max_position_embeddings", 2048),
            Width = width,
            Layers = (int)json.Count("num_hidden_layers"),
            Heads = heads,
            KeyHeads = keyHeads,
            HeadWidth = headWidth,
            InnerWidth = json.Count("intermediate_size"),
            NormEpsilon = json.Number("rms_norm_eps", 1e-6),
            Activation = Activations.Named(json.Text("hidden_act", "silu")),
            Frequencies = RotaryFrequencies.Read(json, headWidth),
            AttentionBias = json.Flag("attention_bias", false),
            MlpBias = json.Flag("mlp_bias", false),
            InitializerRange = json.Number("initializer_range", 0.02),
            AttentionDropout = json.Number("attention_dropout", 0),
        };
    }
}

/// <summary>x + attention(norm(x)), then x + mlp(norm(x)).</summary>
sealed class LlamaBlock : Module
{
    readonly LlamaAttention attention;
    readonly LlamaMlp mlp;
    readonly RmsNorm attentionNorm;
    readonly RmsNorm mlpNorm;

    public LlamaBlock(LlamaConfig config, int layer)
    {
        attention = Register("self_attn", new LlamaAttention(config, layer));
        mlp = Register("mlp", new LlamaMlp(config));
        attentionNorm = Register("input_layernorm", new RmsNorm(config.Width, config.NormEpsilon));
        mlpNorm = Register("post_attention_layernorm", new RmsNorm(config.Width, config.NormEpsilon));
    }

    public Tensor Forward(Tensor x, Tensor bias, (Tensor Cos, Tensor Sin) angles, KvCache? cache)
    {
        x += attention.Forward(attentionNorm.Forward(x), bias, angles, cache);
        return x + mlp.Forward(mlpNorm.Forward(x));
    }
}

sealed class LlamaAttention : Module
{
    readonly int layer;
    readonly long headWidth;
    readonly Linear query;
    readonly Linear key;
    readonly Linear value;
    readonly Linear output;
    readonly Dropout dropout;

    public LlamaAttention(LlamaConfig config, int layer)
    {
        (this.layer, headWidth) = (layer, config.HeadWidth);
        query = Register("q_proj", Projection(config.Width, config.Heads * headWidth));
        key = Register("k_proj", Projection(config.Width, config.KeyHeads * headWidth));
        value = Register("v_proj", Projection(config.Width, config.KeyHeads * headWidth));
        output = Register("o_proj", Projection(config.Heads * headWidth, config.Width));
        dropout = Register("dropout", new Dropout(config.AttentionDropout));

        Linear Projection(long inputs, long outputs) => new(inputs, outputs, config.AttentionBias, config.InitializerRange);
    }

    public Tensor Forward(Tensor x, Tensor bias, (Tensor Cos, Tensor Sin) angles, KvCache? cache)
    {
        var q = Rotary.Rotate(Attention.SplitHeads(query.Forward(x), headWidth), angles);   // (B, H, T, D)
        var k = Rotary.Rotate(Attention.SplitHeads(key.Forward(x), headWidth), angles);     // (B, K, T, D)
        var v = Attention.SplitHeads(value.Forward(x), headWidth);                          // (B, K, T, D)
        if (cache is not null)
            (k, v) = cache.Append(layer, k, v);
        return output.Forward(Attention.Attend(q, k, v, bias, 1 / Math.Sqrt(headWidth), dropout));
    }
}

/// <summary>down(act(gate(x)) · up(x)). Shazeer 2020, https://arxiv.org/abs/2002.05202</summary>
sealed class LlamaMlp : Module
{
    readonly Linear gate;
    readonly Linear up;
    readonly Linear down;
    readonly Func<Tensor, Tensor> activation;

    public LlamaMlp(LlamaConfig config)
    {
        activation = config.Activation;
        gate = Register("gate_proj", new Linear(config.Width, config.InnerWidth, config.MlpBias, config.InitializerRange));
        up = Register("up_proj", new Linear(config.Width, config.InnerWidth, config.MlpBias, config.InitializerRange));
        down = Register("down_proj", new Linear(config.InnerWidth, config.Width, config.MlpBias, config.InitializerRange));
    }

    public Tensor Forward(Tensor x) => down.Forward(activation(gate.Forward(x)) * up.Forward(x));
}
