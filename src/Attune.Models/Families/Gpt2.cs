using System.Text.Json.Nodes;
using Attune.Models.Backbones;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Families;

/// <summary>
/// GPT-2. Radford et al. 2019, "Language Models are Unsupervised Multitask Learners". Parameter names are those of its Hugging Face
/// checkpoints.
/// </summary>
public sealed class Gpt2 : Decoder
{
    readonly Gpt2Config config;
    readonly Embedding tokenEmbedding;
    readonly Embedding positionEmbedding;
    readonly Dropout dropout;
    readonly Gpt2Block[] blocks;
    readonly LayerNorm finalNorm;

    /// <summary>How checkpoints of GPT-2 are read and built.</summary>
    public static ModelFamily Family { get; } = new()
    {
        Type = "gpt2",
        BackboneName = "transformer",
        LanguageModelClass = "GPT2LMHeadModel",
        RewardModelClass = "GPT2ForSequenceClassification",
        TokenHeadName = "classifier",
        TiedByDefault = true,
        Backbone = json => new Gpt2(json),
        IgnoredTensors = ["*.attn.bias", "*.attn.masked_bias"],
        TiedTensors = [("lm_head.weight", "transformer.wte.weight")],
        NewConfig = NewConfig,
    };

    public Gpt2(ConfigReader json)
    {
        config = Gpt2Config.Read(json);
        tokenEmbedding = Register("wte", new Embedding(config.VocabularySize, config.Width, config.InitializerRange));
        positionEmbedding = Register("wpe", new Embedding(config.ContextLength, config.Width, config.InitializerRange));
        dropout = Register("drop", new Dropout(config.EmbeddingDropout));
        blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => Register($"h.{layer}", new Gpt2Block(config, layer)))];
        finalNorm = Register("ln_f", new LayerNorm(config.Width, config.NormEpsilon));
    }

    internal Gpt2Config Config => config;

    public override long Width => config.Width;

    public override long VocabularySize => config.VocabularySize;

    public override long ContextLength => config.ContextLength;

    public override Parameter TokenEmbedding => tokenEmbedding.Weight;

    public override int Layers => config.Layers;

    protected override IEnumerable<Module> Embeddings => [tokenEmbedding, positionEmbedding];

    protected override Module Layer(int layer) => blocks[layer];

    protected override Module FinalNorm => finalNorm;

    protected override Tensor Embed(ModelInput input, long cached) =>
        dropout.Forward(EmbedTokens(tokenEmbedding, input) + positionEmbedding.Forward(input.PositionsAfter(cached)));

    protected override Func<int, Tensor, Tensor> PrepareLayers(ModelInput input, KvCache? cache)
    {
        var attentionMask = Attention.CausalMask(input, cache?.Length ?? 0);
        return (layer, x) => blocks[layer].Forward(x, attentionMask, cache, layer == Layers - 1 ? input.FirstOutputColumn : 0);
    }

    protected override Tensor ApplyFinalNorm(Tensor hidden) => finalNorm.Forward(hidden);

    public override CacheShape? CacheShape => new(config.Layers, config.Heads, config.HeadWidth);

    static JsonObject NewConfig(ModelShape shape) => new()
    {
        ["n_layer"] = shape.Layers,
        ["n_embd"] = shape.Width,
        ["n_head"] = shape.Heads,
        ["n_inner"] = shape.InnerWidth == 0 ? null : shape.InnerWidth,
        ["n_positions"] = shape.Context,
        ["activation_function"] = "gelu_new",
        ["layer_norm_epsilon"] = 1e-5,
        ["embd_pdrop"] = shape.Dropout,
        ["attn_pdrop"] = shape.Dropout,
        ["resid_pdrop"] = shape.Dropout,
    };
}

/// <summary>The settings of a GPT-2 config.json that change the result.</summary>
sealed record Gpt2Config
{
    public required long VocabularySize { get; init; }
    public required long ContextLength { get; init; }
    public required long Width { get; init; }
    public required int Layers { get; init; }
    public required long Heads { get; init; }
    public required long InnerWidth { get; init; }
    public required double NormEpsilon { get; init; }
    public required Activation Activation { get; init; }
    public required bool ScaleByWidth { get; init; }
    public required bool ScaleByLayer { get; init; }
    public required double InitializerRange { get; init; }
    public required double EmbeddingDropout { get; init; }
    public required double AttentionDropout { get; init; }
    public required double ResidualDropout { get; init; }

    public long HeadWidth => Width / Heads;

    public static Gpt2Config Read(ConfigReader json)
    {
        var (width, heads) = (json.Count("n_embd", 768), json.Count("n_head", 12));
        if (width % heads != 0)
            throw new InvalidDataException($"{json.Source}: n_embd ({width}) must be a multiple of n_head ({heads})");
        if (json.Flag("add_cross_attention", false))
            throw new InvalidDataException($"{json.Source}: add_cross_attention must be false: GPT-2 is supported as a decoder only");
        return new()
        {
            VocabularySize = json.Count("vocab_size", 50257),
            ContextLength = json.Count("n_positions", 1024),
            Width = width,
            Layers = json.Layers("n_layer", 12),
            Heads = heads,
            InnerWidth = json.Count("n_inner", 4 * width),
            NormEpsilon = json.Positive("layer_norm_epsilon", 1e-5),
            Activation = Activation.Named(json.Text("activation_function", "gelu_new")),
            ScaleByWidth = json.Flag("scale_attn_weights", true),
            ScaleByLayer = json.Flag("scale_attn_by_inverse_layer_idx", false),
            InitializerRange = json.NotNegative("initializer_range", 0.02),
            EmbeddingDropout = json.Probability("embd_pdrop", 0.1),
            AttentionDropout = json.Probability("attn_pdrop", 0.1),
            ResidualDropout = json.Probability("resid_pdrop", 0.1),
        };
    }
}

/// <summary>x + attention(norm(x)), then x + mlp(norm(x)).</summary>
sealed class Gpt2Block : Module
{
    readonly LayerNorm attentionNorm;
    readonly Gpt2Attention attention;
    readonly LayerNorm mlpNorm;
    readonly Gpt2Mlp mlp;

    public Gpt2Block(Gpt2Config config, int layer)
    {
        attentionNorm = Register("ln_1", new LayerNorm(config.Width, config.NormEpsilon) { FeedsLinear = true });
        attention = Register("attn", new Gpt2Attention(config, layer));
        mlpNorm = Register("ln_2", new LayerNorm(config.Width, config.NormEpsilon) { FeedsLinear = true });
        mlp = Register("mlp", new Gpt2Mlp(config));
    }

    /// <param name="x">(B, T, D)</param>
    /// <param name="attentionMask">The mask of <see cref="Attention.Attend"/>.</param>
    /// <param name="cache">The KV cache, or null.</param>
    /// <param name="first">The first column whose output is needed.</param>
    /// <returns>(B, T − first, D)</returns>
    public Tensor Forward(Tensor x, Tensor attentionMask, KvCache? cache, long first)
    {
        x = Attention.From(x, 1, first) + attention.Forward(attentionNorm.Forward(x), attentionMask, cache, first);
        return x + mlp.Forward(mlpNorm.Forward(x));
    }
}

sealed class Gpt2Attention : Module
{
    readonly int layer;
    readonly long width;
    readonly long headWidth;
    readonly double scale;
    readonly Linear project;
    readonly Linear output;
    readonly Dropout attentionDropout;
    readonly Dropout residualDropout;

    public Gpt2Attention(Gpt2Config config, int layer)
    {
        (this.layer, width, headWidth) = (layer, config.Width, config.HeadWidth);
        scale = (config.ScaleByWidth ? 1 / Math.Sqrt(headWidth) : 1) / (config.ScaleByLayer ? layer + 1 : 1);
        project = Register("c_attn", new Linear(width, 3 * width, hasBias: true, config.InitializerRange, inputMajor: true));
        output = Register("c_proj", new Linear(width, width, hasBias: true, ResidualStd(config), inputMajor: true));
        attentionDropout = Register("attn_dropout", new Dropout(config.AttentionDropout));
        residualDropout = Register("resid_dropout", new Dropout(config.ResidualDropout));
    }

    /// <summary>
    /// Layers that write to the residual stream are initialised smaller, by 1/√(their number), as in the paper (section 2.3).
    /// </summary>
    public static double ResidualStd(Gpt2Config config) => config.InitializerRange / Math.Sqrt(2 * config.Layers);

    public Tensor Forward(Tensor x, Tensor attentionMask, KvCache? cache, long first)
    {
        var parts = project.Forward(x).Split(-1, width, width, width);
        var q = Attention.SplitHeads(Attention.From(parts[0], 1, first), headWidth);               // (B, H, T − first, D)
        var k = Attention.SplitHeads(parts[1], headWidth);
        var v = Attention.SplitHeads(parts[2], headWidth);
        if (cache is not null)
            (k, v) = cache.Append(layer, k, v);
        var attended = Attention.Attend(q, k, v, Attention.From(attentionMask, 2, first), scale, attentionDropout);
        return residualDropout.Forward(output.Forward(attended));
    }
}

sealed class Gpt2Mlp : Module
{
    readonly Linear expand;
    readonly Linear contract;
    readonly Dropout dropout;
    readonly Activation activation;

    public Gpt2Mlp(Gpt2Config config)
    {
        activation = config.Activation;
        expand = Register("c_fc", new Linear(config.Width, config.InnerWidth, hasBias: true, config.InitializerRange, inputMajor: true));
        contract = Register("c_proj",
            new Linear(config.InnerWidth, config.Width, hasBias: true, Gpt2Attention.ResidualStd(config), inputMajor: true));
        dropout = Register("dropout", new Dropout(config.ResidualDropout));
    }

    public Tensor Forward(Tensor x) => dropout.Forward(contract.Forward(activation.Forward(expand.Forward(x))));
}
