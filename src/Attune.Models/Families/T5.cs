using System.Text.Json.Nodes;
using Attune.Models.Backbones;
using Attune.Models.Heads;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Families;

/// <summary>
/// T5: an encoder reads a source, and a decoder that attends to it generates. Raffel et al. 2020, https://arxiv.org/abs/1910.10683.
/// With gated activations and an untied output matrix it is version 1.1. Parameter names are those of its Hugging Face checkpoints.
/// </summary>
public sealed class T5 : Backbone
{
    internal const string ScaleKey = "scale_decoder_outputs";

    readonly T5Config config;
    readonly Embedding tokenEmbedding;
    readonly T5Stack encoder;
    readonly T5Stack decoder;

    /// <summary>How checkpoints of T5 are read and built.</summary>
    public static ModelFamily Family { get; } = new()
    {
        Type = "t5",
        BackboneName = "",
        LanguageModelClass = "T5ForConditionalGeneration",
        RewardModelClass = "T5ForSequenceClassification",
        TokenHeadName = null,
        TiedByDefault = true,
        Backbone = json => new T5(json),
        OutputHead = OutputHead,
        RewardHead = (_, backbone, labels) => new T5RewardHead(backbone.Width, labels),
        IgnoredTensors =
        [
            "encoder.embed_tokens.weight",
            "decoder.embed_tokens.weight",
            "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight",
        ],
        TiedTensors = [("lm_head.weight", "shared.weight")],
        Copies = [("encoder.embed_tokens.weight", "shared.weight"), ("decoder.embed_tokens.weight", "shared.weight")],
        NewConfig = NewConfig,
    };

    public T5(ConfigReader json)
    {
        config = T5Config.Read(json);
        tokenEmbedding = Register("shared", new Embedding(config.VocabularySize, config.Width, config.InitializerFactor));
        encoder = Register("encoder", new T5Stack(config, config.EncoderLayers, isDecoder: false));
        decoder = Register("decoder", new T5Stack(config, config.DecoderLayers, isDecoder: true));
    }

    public override BackboneKind Kind => BackboneKind.EncoderDecoder;

    public override long Width => config.Width;

    public override long VocabularySize => config.VocabularySize;

    public override long ContextLength => config.ContextLength;

    public override int? StartToken => config.StartToken;

    public override Parameter TokenEmbedding => tokenEmbedding.Weight;

    /// <summary>The decoder's hidden states for the tokens, with attention to the source.</summary>
    /// <exception cref="InvalidOperationException">The input and the cache have no source.</exception>
    public override Tensor Forward(ModelInput input, KvCache? cache = null)
    {
        Tensor? source = null;
        var sourceMask = cache?.SourceMask;
        if (sourceMask is null)
        {
            var encoderInput = input.Source
                ?? throw new InvalidOperationException("an encoder–decoder needs a source: set ModelInput.Source");
            (source, sourceMask) = (Encode(encoderInput), Mask(encoderInput));
            cache?.SourceMask = sourceMask.Clone().DetachFromScope();
        }
        var attentionMask = Attention.CausalMask(input, cache?.Length ?? 0);
        return decoder.Forward(
            EmbedTokens(tokenEmbedding, input), attentionMask, source, Attention.PaddingMask(sourceMask), cache);
    }

    /// <summary>The encoder's hidden states of a source: (B, S, D), after its final norm.</summary>
    public Tensor Encode(ModelInput source) =>
        encoder.Forward(EmbedTokens(tokenEmbedding, source), Attention.PaddingMask(Mask(source)));

    /// <summary>The text is both the source and the decoder's input, as in T5ForSequenceClassification.</summary>
    public override ModelInput ForScoring(ModelInput text)
    {
        var start = Tensor.Full([text.Tokens.Size(0), 1], config.StartToken, DType.Int64, text.Tokens.Device);
        return new(Tensor.Concatenate(1, start, text.Tokens.Slice(1, 0, -1)), Source: text);
    }

    public override CacheShape? CacheShape => new(config.DecoderLayers, config.Heads, config.HeadWidth);

    static Tensor Mask(ModelInput source) =>
        source.AttentionMask ?? Tensor.Ones(source.Tokens.Shape.ToArray(), DType.Bool, source.Tokens.Device);

    /// <summary>Tied logits are scaled by 1/√D; transformers 5 has a key for the scale.</summary>
    static LinearOutputHead OutputHead(ConfigReader json, Backbone backbone, bool tied) =>
        new(backbone, tied) { Scale = json.Flag(ScaleKey, tied) ? 1 / Math.Sqrt(backbone.Width) : 1 };

    static JsonObject NewConfig(ModelShape shape) => new()
    {
        ["num_layers"] = shape.Layers,
        ["num_decoder_layers"] = shape.Layers,
        ["d_model"] = shape.Width,
        ["num_heads"] = shape.Heads,
        ["d_kv"] = shape.Width / shape.Heads,
        ["d_ff"] = shape.InnerWidth == 0 ? (shape.Width * 8 / 3 + 31) / 32 * 32 : shape.InnerWidth,
        ["n_positions"] = shape.Context,
        ["feed_forward_proj"] = "gated-gelu",
        ["relative_attention_num_buckets"] = 32,
        ["relative_attention_max_distance"] = 128,
        ["layer_norm_epsilon"] = 1e-6,
        ["dropout_rate"] = shape.Dropout,
        ["initializer_factor"] = 1.0,
        ["is_encoder_decoder"] = true,
    };
}

/// <summary>The settings of a T5 config.json that change the result.</summary>
sealed record T5Config
{
    public required long VocabularySize { get; init; }
    public required long ContextLength { get; init; }
    public required int StartToken { get; init; }
    public required long Width { get; init; }
    public required int EncoderLayers { get; init; }
    public required int DecoderLayers { get; init; }
    public required long Heads { get; init; }
    public required long HeadWidth { get; init; }
    public required long InnerWidth { get; init; }
    public required int Buckets { get; init; }
    public required int MaxDistance { get; init; }
    public required double NormEpsilon { get; init; }
    public required bool Gated { get; init; }
    public required Activation Activation { get; init; }
    public required double InitializerFactor { get; init; }
    public required double Dropout { get; init; }

    public static T5Config Read(ConfigReader json)
    {
        var layers = json.Layers("num_layers", 6);
        var kind = json.Text("feed_forward_proj", "relu");                        // "relu", "gated-gelu"
        var (vocabulary, start) = (json.Count("vocab_size", 32128), json.Whole("decoder_start_token_id", json.Whole("pad_token_id", 0)));
        if (start < 0 || start >= vocabulary)
            throw new InvalidDataException(
                $"{json.Source}: decoder_start_token_id must be at least 0 and below vocab_size ({vocabulary}) (was {start})");
        return new()
        {
            VocabularySize = vocabulary,
            ContextLength = json.Count("n_positions", 512),
            StartToken = (int)start,
            Width = json.Count("d_model", 512),
            EncoderLayers = layers,
            DecoderLayers = json.Layers("num_decoder_layers", layers),
            Heads = json.Count("num_heads", 8),
            HeadWidth = json.Count("d_kv", 64),
            InnerWidth = json.Count("d_ff", 2048),
            Buckets = BucketsOf(json),
            MaxDistance = (int)json.Count("relative_attention_max_distance", 128),
            NormEpsilon = json.Positive("layer_norm_epsilon", 1e-6),
            Gated = json.Flag("is_gated_act", kind.StartsWith("gated-", StringComparison.Ordinal)),
            Activation = Activation.Named(json.Text("dense_act_fn", kind == "gated-gelu" ? "gelu_new" : kind[(kind.IndexOf('-') + 1)..])),
            InitializerFactor = json.NotNegative("initializer_factor", 1),
            Dropout = json.Probability("dropout_rate", 0.1),
        };
    }

    static int BucketsOf(ConfigReader json)
    {
        var (buckets, greatest) = (json.Count("relative_attention_num_buckets", 32), json.Count("relative_attention_max_distance", 128));
        return buckets >= 4 && greatest > buckets / 2
            ? (int)buckets
            : throw new InvalidDataException(
                $"{json.Source}: relative_attention_num_buckets must be at least 4 (was {buckets}), and relative_attention_max_distance "
                + $"above half of it (was {greatest})");
    }
}

/// <summary>The encoder, or the decoder, which has a <see cref="KvCache"/> and attends to a source.</summary>
sealed class T5Stack : Module
{
    readonly RelativeBias relativeBias;
    readonly T5Block[] blocks;
    readonly RmsNorm finalNorm;
    readonly Dropout dropout;

    public T5Stack(T5Config config, int layers, bool isDecoder)
    {
        relativeBias = new(
            config.Heads, config.Buckets, config.MaxDistance, bidirectional: !isDecoder,
            config.InitializerFactor / Math.Sqrt(config.Width));
        blocks = [.. Enumerable.Range(0, layers).Select(NewBlock)];
        finalNorm = Register("final_layer_norm", new RmsNorm(config.Width, config.NormEpsilon));
        dropout = Register("dropout", new Dropout(config.Dropout));

        T5Block NewBlock(int layer) =>
            Register($"block.{layer}", new T5Block(config, layer, isDecoder, layer == 0 ? relativeBias : null));
    }

    /// <param name="x">(B, T, D) token embeddings.</param>
    /// <param name="bias">
    /// (B or 1, 1, 1 or T, S): the attention mask. All layers add the relative position bias of the first layer to it.
    /// </param>
    /// <param name="source">(B, S', D), or null when the cache has the source, or there is none.</param>
    /// <param name="sourceBias">(B, 1, 1, S')</param>
    /// <param name="cache">The KV cache of the decoder, or null.</param>
    public Tensor Forward(Tensor x, Tensor bias, Tensor? source = null, Tensor? sourceBias = null, KvCache? cache = null)
    {
        bias += relativeBias.Forward(x.Size(1), bias.Size(-1));                // (B, H, T, S)
        x = dropout.Forward(x);
        foreach (var block in blocks)
            x = block.Forward(x, bias, source, sourceBias, cache);
        return dropout.Forward(finalNorm.Forward(x));
    }
}

/// <summary>x + attention(norm(x)), in the decoder then x + cross-attention(norm(x)), then x + mlp(norm(x)).</summary>
sealed class T5Block : Module
{
    readonly int layer;
    readonly T5Attention attention;
    readonly RmsNorm attentionNorm;
    readonly T5Attention? sourceAttention;
    readonly RmsNorm? sourceNorm;
    readonly T5Mlp mlp;
    readonly RmsNorm mlpNorm;
    readonly Dropout dropout;

    public T5Block(T5Config config, int layer, bool isDecoder, RelativeBias? relativeBias)
    {
        this.layer = layer;
        attention = Register("layer.0.SelfAttention", new T5Attention(config, relativeBias));
        attentionNorm = Register("layer.0.layer_norm", new RmsNorm(config.Width, config.NormEpsilon) { FeedsLinear = true });
        if (isDecoder)
        {
            sourceAttention = Register("layer.1.EncDecAttention", new T5Attention(config));
            sourceNorm = Register("layer.1.layer_norm", new RmsNorm(config.Width, config.NormEpsilon) { FeedsLinear = true });
        }
        var last = isDecoder ? 2 : 1;
        mlp = Register($"layer.{last}.DenseReluDense", new T5Mlp(config));
        mlpNorm = Register($"layer.{last}.layer_norm", new RmsNorm(config.Width, config.NormEpsilon) { FeedsLinear = true });
        dropout = Register("dropout", new Dropout(config.Dropout));
    }

    public Tensor Forward(Tensor x, Tensor bias, Tensor? source, Tensor? sourceBias, KvCache? cache)
    {
        var normed = attentionNorm.Forward(x);
        var keysAndValues = attention.KeysAndValues(normed);
        keysAndValues = cache?.Append(layer, keysAndValues.Keys, keysAndValues.Values) ?? keysAndValues;
        x += dropout.Forward(attention.Forward(normed, keysAndValues, bias));
        if (sourceAttention is not null)
        {
            keysAndValues = cache?.GetOrAddSource(layer, () => sourceAttention.KeysAndValues(source!))
                ?? sourceAttention.KeysAndValues(source!);
            x += dropout.Forward(sourceAttention.Forward(sourceNorm!.Forward(x), keysAndValues, sourceBias!));
        }
        return x + dropout.Forward(mlp.Forward(mlpNorm.Forward(x)));
    }
}

/// <summary>Attention without a scale: the initial query weights include it.</summary>
sealed class T5Attention : Module
{
    readonly long headWidth;
    readonly Linear query;
    readonly Linear key;
    readonly Linear value;
    readonly Linear output;
    readonly Dropout dropout;

    /// <param name="config">Sizes.</param>
    /// <param name="relativeBias">Registered here because checkpoints store it here; the stack adds it.</param>
    public T5Attention(T5Config config, RelativeBias? relativeBias = null)
    {
        headWidth = config.HeadWidth;
        var (width, inner, factor) = (config.Width, config.Heads * headWidth, config.InitializerFactor);
        query = Register("q", new Linear(width, inner, hasBias: false, factor / Math.Sqrt(width * headWidth)));
        key = Register("k", new Linear(width, inner, hasBias: false, factor / Math.Sqrt(width)));
        value = Register("v", new Linear(width, inner, hasBias: false, factor / Math.Sqrt(width)));
        output = Register("o", new Linear(inner, width, hasBias: false, factor / Math.Sqrt(inner)));
        if (relativeBias is not null)
            Register("relative_attention_bias", relativeBias);
        dropout = Register("dropout", new Dropout(config.Dropout));
    }

    /// <summary>(B, S, D) → (B, H, S, d) each.</summary>
    public (Tensor Keys, Tensor Values) KeysAndValues(Tensor x) =>
        (Attention.SplitHeads(key.Forward(x), headWidth), Attention.SplitHeads(value.Forward(x), headWidth));

    public Tensor Forward(Tensor x, (Tensor Keys, Tensor Values) keysAndValues, Tensor bias) =>
        output.Forward(Attention.Attend(
            Attention.SplitHeads(query.Forward(x), headWidth), keysAndValues.Keys, keysAndValues.Values, bias, 1, dropout));
}

/// <summary>wo(act(wi(x))), or gated: wo(act(wi_0(x)) · wi_1(x)). Shazeer 2020, https://arxiv.org/abs/2002.05202</summary>
sealed class T5Mlp : Module
{
    readonly Linear expand;
    readonly Linear? gated;
    readonly Linear contract;
    readonly Dropout dropout;
    readonly Activation activation;

    public T5Mlp(T5Config config)
    {
        activation = config.Activation;
        expand = Register(config.Gated ? "wi_0" : "wi", Inwards());
        gated = config.Gated ? Register("wi_1", Inwards()) : null;
        contract = Register(
            "wo", new Linear(config.InnerWidth, config.Width, hasBias: false, config.InitializerFactor / Math.Sqrt(config.InnerWidth)));
        dropout = Register("dropout", new Dropout(config.Dropout));

        Linear Inwards() => new(config.Width, config.InnerWidth, hasBias: false, config.InitializerFactor / Math.Sqrt(config.Width));
    }

    public Tensor Forward(Tensor x)
    {
        var inner = expand.Forward(x);
        inner = gated is null ? activation.Forward(inner) : activation.ForwardGated(inner, gated.Forward(x));
        return contract.Forward(dropout.Forward(inner));
    }
}

/// <summary>out_proj(tanh(dense(h))) of the decoder's hidden state at the last token.</summary>
sealed class T5RewardHead : RewardHead
{
    readonly Linear dense;
    readonly Linear output;

    public T5RewardHead(long width, int labels)
    {
        dense = Register("classification_head.dense", new Linear(width, width, hasBias: true, 1 / Math.Sqrt(width)));
        output = Register("classification_head.out_proj", new Linear(width, labels, hasBias: true, 1 / Math.Sqrt(width + 1)));
    }

    public override Tensor Score(Tensor hidden, ModelInput input) =>
        output.Forward(dense.Forward(LastTokenRewardHead.LastStates(hidden, input)).Tanh()).Squeeze(-1);
}
