using System.Text.Json.Nodes;
using Attune.Models.Backbones;
using Attune.Models.Heads;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Families;

/// <summary>
/// GPT-NeoX and Pythia: rotary positions on a part of each head, attention and MLP in parallel. Black et al. 2022,
/// https://arxiv.org/abs/2204.06745; Biderman et al. 2023, https://arxiv.org/abs/2304.01373. Parameter names are those of their Hugging
/// Face checkpoints.
/// </summary>
public sealed class GptNeoX : Decoder
{
    readonly GptNeoXConfig config;
    readonly Embedding tokenEmbedding;
    readonly Dropout dropout;
    readonly GptNeoXBlock[] blocks;
    readonly LayerNorm finalNorm;

    /// <summary>How checkpoints of GPT-NeoX are read and built.</summary>
    public static ModelFamily Family { get; } = new()
    {
        Type = "gpt_neox",
        BackboneName = "gpt_neox",
        LanguageModelClass = "GPTNeoXForCausalLM",
        RewardModelClass = "GPTNeoXForSequenceClassification",
        TokenHeadName = "classifier",
        Backbone = json => new GptNeoX(json),
        OutputHead = (_, backbone, tied) => new LinearOutputHead(backbone, tied, "embed_out"),
        IgnoredTensors = ["*.attention.bias", "*.attention.masked_bias", "*.rotary_emb.inv_freq"],
        TiedTensors = [("embed_out.weight", "gpt_neox.embed_in.weight")],
    };

    public GptNeoX(ConfigReader json)
    {
        config = GptNeoXConfig.Read(json);
        tokenEmbedding = Register("embed_in", new Embedding(config.VocabularySize, config.Width, config.InitializerRange));
        dropout = Register("emb_dropout", new Dropout(config.HiddenDropout));
        blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => Register($"layers.{layer}", new GptNeoXBlock(config, layer)))];
        finalNorm = Register("final_layer_norm", new LayerNorm(config.Width, config.NormEpsilon));
    }

    public override long Width => config.Width;

    public override long VocabularySize => config.VocabularySize;

    public override long ContextLength => config.ContextLength;

    public override Parameter TokenEmbedding => tokenEmbedding.Weight;

    public override int Layers => config.Layers;

    protected override IEnumerable<Module> Embeddings => [tokenEmbedding];

    protected override Module Layer(int layer) => blocks[layer];

    protected override Module FinalNorm => finalNorm;

    protected override Tensor Embed(ModelInput input, long cached) => dropout.Forward(EmbedTokens(tokenEmbedding, input));

    protected override Func<int, Tensor, Tensor> PrepareLayers(ModelInput input, KvCache? cache)
    {
        var cached = cache?.Length ?? 0;
        var attentionMask = Attention.CausalMask(input, cached);
        var angles = Rotary.Angles(input.PositionsAfter(cached), config.Frequencies, ComputeDType);
        return (layer, x) => blocks[layer].Forward(x, attentionMask, angles, cache, layer == Layers - 1 ? input.FirstOutputColumn : 0);
    }

    protected override Tensor ApplyFinalNorm(Tensor hidden) => finalNorm.Forward(hidden);

    public override CacheShape? CacheShape => new(config.Layers, config.Heads, config.HeadWidth);
}

/// <summary>The settings of a GPT-NeoX config.json that change the result.</summary>
sealed record GptNeoXConfig
{
    public required long VocabularySize { get; init; }
    public required long ContextLength { get; init; }
    public required long Width { get; init; }
    public required int Layers { get; init; }
    public required long Heads { get; init; }
    public required long InnerWidth { get; init; }
    public required double NormEpsilon { get; init; }
    public required Activation Activation { get; init; }
    public required RotaryFrequencies Frequencies { get; init; }
    public required bool Parallel { get; init; }
    public required bool AttentionBias { get; init; }
    public required double InitializerRange { get; init; }
    public required double HiddenDropout { get; init; }
    public required double AttentionDropout { get; init; }

    public long HeadWidth => Width / Heads;

    public static GptNeoXConfig Read(ConfigReader json)
    {
        var (width, heads) = (json.Count("hidden_size"), json.Count("num_attention_heads"));
        if (width % heads != 0)
            throw new InvalidDataException($"{json.Source}: hidden_size ({width}) must be a multiple of num_attention_heads ({heads})");
        var rotary = json.With(new JsonObject
        {
            ["rope_theta"] = json.Positive("rotary_emb_base", 10_000),
            ["partial_rotary_factor"] = json.Number("rotary_pct", 0.25),
        });
        return new()
        {
            VocabularySize = json.Count("vocab_size"),
            ContextLength = json.Count("max_position_embeddings", 2048),
            Width = width,
            Layers = json.Layers("num_hidden_layers"),
            Heads = heads,
            InnerWidth = json.Count("intermediate_size"),
            NormEpsilon = json.Positive("layer_norm_eps", 1e-5),
            Activation = Activation.Named(json.Text("hidden_act", "gelu")),
            Frequencies = RotaryFrequencies.Read(rotary, width / heads),
            Parallel = json.Flag("use_parallel_residual", true),
            AttentionBias = json.Flag("attention_bias", true),
            InitializerRange = json.NotNegative("initializer_range", 0.02),
            HiddenDropout = json.Probability("hidden_dropout", 0),
            AttentionDropout = json.Probability("attention_dropout", 0),
        };
    }
}

/// <summary>x + attention(norm(x)) + mlp(norm(x)), or the MLP after the attention as in other models.</summary>
sealed class GptNeoXBlock : Module
{
    readonly bool parallel;
    readonly LayerNorm attentionNorm;
    readonly LayerNorm mlpNorm;
    readonly GptNeoXAttention attention;
    readonly GptNeoXMlp mlp;
    readonly Dropout dropout;

    public GptNeoXBlock(GptNeoXConfig config, int layer)
    {
        parallel = config.Parallel;
        attentionNorm = Register("input_layernorm", new LayerNorm(config.Width, config.NormEpsilon) { FeedsLinear = true });
        mlpNorm = Register("post_attention_layernorm", new LayerNorm(config.Width, config.NormEpsilon) { FeedsLinear = true });
        attention = Register("attention", new GptNeoXAttention(config, layer));
        mlp = Register("mlp", new GptNeoXMlp(config));
        dropout = Register("dropout", new Dropout(config.HiddenDropout));
    }

    /// <param name="x">(B, T, D)</param>
    /// <param name="attentionMask">The mask of <see cref="Attention.Attend"/>.</param>
    /// <param name="angles">The angles of the T positions.</param>
    /// <param name="cache">The KV cache, or null.</param>
    /// <param name="first">The first column whose output is needed.</param>
    /// <returns>(B, T − first, D)</returns>
    public Tensor Forward(Tensor x, Tensor attentionMask, (Tensor Cos, Tensor Sin) angles, KvCache? cache, long first)
    {
        var added = dropout.Forward(attention.Forward(attentionNorm.Forward(x), attentionMask, angles, cache, first));
        x = Attention.From(x, 1, first);
        var attended = x + added;
        return attended + dropout.Forward(mlp.Forward(mlpNorm.Forward(parallel ? x : attended)));
    }
}

sealed class GptNeoXAttention : Module
{
    readonly int layer;
    readonly long headWidth;
    readonly Linear project;
    readonly Linear output;
    readonly Dropout dropout;

    public GptNeoXAttention(GptNeoXConfig config, int layer)
    {
        (this.layer, headWidth) = (layer, config.HeadWidth);
        project = Register("query_key_value", new Linear(config.Width, 3 * config.Width, config.AttentionBias, config.InitializerRange));
        output = Register("dense", new Linear(config.Width, config.Width, config.AttentionBias, config.InitializerRange));
        dropout = Register("attention_dropout", new Dropout(config.AttentionDropout));
    }

    public Tensor Forward(Tensor x, Tensor attentionMask, (Tensor Cos, Tensor Sin) angles, KvCache? cache, long first)
    {
        var heads = Attention.SplitHeads(project.Forward(x), 3 * headWidth);    // (B, H, T, 3D)
        var parts = heads.Split(-1, headWidth, headWidth, headWidth);
        var q = Rotary.Rotate(Attention.From(parts[0], 2, first), Rotary.From(angles, first));
        var (k, v) = (Rotary.Rotate(parts[1], angles), parts[2]);
        if (cache is not null)
            (k, v) = cache.Append(layer, k, v);
        return output.Forward(Attention.Attend(q, k, v, Attention.From(attentionMask, 2, first), 1 / Math.Sqrt(headWidth), dropout));
    }
}

sealed class GptNeoXMlp : Module
{
    readonly Linear expand;
    readonly Linear contract;
    readonly Activation activation;

    public GptNeoXMlp(GptNeoXConfig config)
    {
        activation = config.Activation;
        expand = Register("dense_h_to_4h", new Linear(config.Width, config.InnerWidth, hasBias: true, config.InitializerRange));
        contract = Register("dense_4h_to_h", new Linear(config.InnerWidth, config.Width, hasBias: true, config.InitializerRange));
    }

    public Tensor Forward(Tensor x) => contract.Forward(activation.Forward(expand.Forward(x)));
}
