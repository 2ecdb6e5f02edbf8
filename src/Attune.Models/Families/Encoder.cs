using Attune.Models.Backbones;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Families;

/// <summary>The names of an encoder's parts in a family's checkpoints.</summary>
sealed record EncoderNames
{
    public required string Blocks { get; init; }
    public required string Query { get; init; }
    public required string Key { get; init; }
    public required string Value { get; init; }
    public required string AttentionOutput { get; init; }
    public required string AttentionNorm { get; init; }
    public required string Expand { get; init; }
    public required string Contract { get; init; }
    public required string OutputNorm { get; init; }
}

/// <summary>The settings of an encoder that change the result.</summary>
sealed record EncoderConfig
{
    public required EncoderNames Names { get; init; }
    public required long VocabularySize { get; init; }

    /// <summary>Rows of the position embedding.</summary>
    public required long PositionRows { get; init; }

    /// <summary>
    /// The padding token after which positions are counted, as in RoBERTa: the first token of a text has position pad + 1.
    /// </summary>
    public long? PositionsFromPad { get; init; }

    /// <summary>Number of token types; 0 for none.</summary>
    public required long TokenTypes { get; init; }

    public required long Width { get; init; }
    public required int Layers { get; init; }
    public required long Heads { get; init; }
    public required long InnerWidth { get; init; }
    public required double NormEpsilon { get; init; }
    public required Activation Activation { get; init; }
    public required double InitializerRange { get; init; }
    public required double HiddenDropout { get; init; }
    public required double AttentionDropout { get; init; }

    /// <summary>Dropout of the attention output, before it is added to the hidden state.</summary>
    public required double AttentionOutputDropout { get; init; }

    public long FirstPosition => PositionsFromPad + 1 ?? 0;
}

/// <summary>
/// A transformer encoder like BERT: every token attends to the whole text, and norms follow the residual sums. Devlin et al. 2019,
/// https://arxiv.org/abs/1810.04805
/// </summary>
public sealed class Encoder : Backbone
{
    readonly EncoderConfig config;
    readonly Embedding tokenEmbedding;
    readonly Embedding positionEmbedding;
    readonly Embedding? typeEmbedding;
    readonly LayerNorm norm;
    readonly Dropout dropout;
    readonly EncoderBlock[] blocks;

    internal Encoder(EncoderConfig config, string source)
    {
        if (config.Width % config.Heads != 0)
            throw new InvalidDataException(
                $"{source}: the width ({config.Width}) must be a multiple of the attention heads ({config.Heads})");
        if (config.PositionRows <= config.FirstPosition)
            throw new InvalidDataException(
                $"{source}: max_position_embeddings must be above {config.FirstPosition}, because positions are counted after pad_token_id "
                + $"(was {config.PositionRows})");
        this.config = config;
        tokenEmbedding = Register("embeddings.word_embeddings", Table(config.VocabularySize));
        positionEmbedding = Register("embeddings.position_embeddings", Table(config.PositionRows));
        typeEmbedding = config.TokenTypes > 0 ? Register("embeddings.token_type_embeddings", Table(config.TokenTypes)) : null;
        norm = Register("embeddings.LayerNorm", new LayerNorm(config.Width, config.NormEpsilon));
        dropout = Register("embeddings.dropout", new Dropout(config.HiddenDropout));
        blocks =
        [
            .. Enumerable.Range(0, config.Layers)
                .Select(layer => Register($"{config.Names.Blocks}.{layer}", new EncoderBlock(config))),
        ];

        Embedding Table(long rows) => new(rows, config.Width, config.InitializerRange);
    }

    public override BackboneKind Kind => BackboneKind.Encoder;

    public override long Width => config.Width;

    public override long VocabularySize => config.VocabularySize;

    public override long ContextLength => config.PositionRows - config.FirstPosition;

    public override Parameter TokenEmbedding => tokenEmbedding.Weight;

    /// <summary>Number of layers.</summary>
    public int LayerCount => blocks.Length;

    public override Tensor Forward(ModelInput input, KvCache? cache = null) => HiddenStates(input, blocks.Length);

    /// <summary>(B, T, D): the hidden states after some of the layers; after none of them, the embeddings.</summary>
    /// <param name="input">The input.</param>
    /// <param name="layers">From 0 to <see cref="LayerCount"/>.</param>
    public Tensor HiddenStates(ModelInput input, int layers)
    {
        var attentionMask = Attention.BidirectionalMask(input);
        var x = EmbedTokens(tokenEmbedding, input) + positionEmbedding.Forward(Positions(input));            // (B, T, D)
        if (typeEmbedding is not null)
            x += input.TokenTypes is { } types ? typeEmbedding.Forward(types) : typeEmbedding.Weight.Value.Select(0, 0);
        x = dropout.Forward(norm.Forward(x));
        foreach (var block in blocks.Take(layers))
            x = block.Forward(x, attentionMask);
        return x;
    }

    public override CacheShape? CacheShape => null;

    /// <summary>
    /// Rows of the position embedding: (B or 1, T). Without given positions, columns are counted; RoBERTa counts tokens that are not
    /// padding.
    /// </summary>
    Tensor Positions(ModelInput input)
    {
        if (input.Positions is { } given)
            return given + config.FirstPosition;
        if (config.PositionsFromPad is not { } pad)
            return Tensor.Arange(0, input.Tokens.Size(1), device: input.Tokens.Device).Unsqueeze(0);
        var real = input.Tokens.NotEqualTo(pad).To(DType.Int64);
        return real.CumSum(1) * real + pad;
    }
}

/// <summary>norm(x + attention(x)), then norm(x + mlp(x)).</summary>
sealed class EncoderBlock : Module
{
    readonly long headWidth;
    readonly Activation activation;
    readonly Linear query;
    readonly Linear key;
    readonly Linear value;
    readonly Linear attentionOutput;
    readonly LayerNorm attentionNorm;
    readonly Linear expand;
    readonly Linear contract;
    readonly LayerNorm outputNorm;
    readonly Dropout attentionDropout;
    readonly Dropout attentionOutputDropout;
    readonly Dropout outputDropout;

    public EncoderBlock(EncoderConfig config)
    {
        var (names, width) = (config.Names, config.Width);
        (headWidth, activation) = (width / config.Heads, config.Activation);
        query = Map(names.Query, width, width);
        key = Map(names.Key, width, width);
        value = Map(names.Value, width, width);
        attentionOutput = Map(names.AttentionOutput, width, width);
        attentionNorm = Register(names.AttentionNorm, new LayerNorm(width, config.NormEpsilon));
        expand = Map(names.Expand, width, config.InnerWidth);
        contract = Map(names.Contract, config.InnerWidth, width);
        outputNorm = Register(names.OutputNorm, new LayerNorm(width, config.NormEpsilon));
        attentionDropout = Register("attention_dropout", new Dropout(config.AttentionDropout));
        attentionOutputDropout = Register("attention_output_dropout", new Dropout(config.AttentionOutputDropout));
        outputDropout = Register("output_dropout", new Dropout(config.HiddenDropout));

        Linear Map(string name, long inputs, long outputs) =>
            Register(name, new Linear(inputs, outputs, hasBias: true, config.InitializerRange));
    }

    public Tensor Forward(Tensor x, Tensor attentionMask)
    {
        var q = Attention.SplitHeads(query.Forward(x), headWidth);                                     // (B, H, T, D)
        var k = Attention.SplitHeads(key.Forward(x), headWidth);
        var v = Attention.SplitHeads(value.Forward(x), headWidth);
        var attended = attentionOutput.Forward(Attention.Attend(q, k, v, attentionMask, 1 / Math.Sqrt(headWidth), attentionDropout));
        x = attentionNorm.Forward(x + attentionOutputDropout.Forward(attended));
        return outputNorm.Forward(x + outputDropout.Forward(contract.Forward(activation.Forward(expand.Forward(x)))));
    }
}
