using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Backbones;

/// <summary>Which tokens a token attends to.</summary>
public enum BackboneKind
{
    /// <summary>Itself and earlier tokens: a causal language model.</summary>
    Decoder,

    /// <summary>All tokens of the text: a masked language model.</summary>
    Encoder,

    /// <summary>Itself and earlier tokens, and a source text that an encoder has read.</summary>
    EncoderDecoder,
}

/// <summary>
/// The body of a model: tokens in, one hidden state for each token out. Heads turn hidden states into logits, scores or values.
/// </summary>
public abstract class Backbone : Module
{
    DType? computeDType;

    public virtual BackboneKind Kind => BackboneKind.Decoder;

    /// <summary>Channels of a hidden state, D.</summary>
    public abstract long Width { get; }

    /// <summary>Size of the vocabulary, V.</summary>
    public abstract long VocabularySize { get; }

    /// <summary>The longest text in tokens; for an encoder–decoder, the longest source and the longest response.</summary>
    public abstract long ContextLength { get; }

    /// <summary>The token that starts the decoder's input in an encoder–decoder; null for other models.</summary>
    public virtual int? StartToken => null;

    /// <summary>The token embedding (V, D), which a tied output head shares.</summary>
    public abstract Parameter TokenEmbedding { get; }

    /// <summary>The type of matrix products, keys and values.</summary>
    public DType ComputeDType => computeDType ?? TokenEmbedding.Value.DType;

    public override void ComputeIn(DType dtype)
    {
        computeDType = dtype;
        base.ComputeIn(dtype);
    }

    /// <summary>
    /// Computes the hidden states of tokens that follow those in the cache, if there is one. The caller advances the cache.
    /// </summary>
    /// <returns>(B, T, D), after the final norm.</returns>
    public abstract Tensor Forward(ModelInput input, KvCache? cache = null);

    /// <summary>The rows of the token embedding with the input's noise: (B, T, D).</summary>
    private protected static Tensor EmbedTokens(Embedding tokenEmbedding, ModelInput input)
    {
        var rows = tokenEmbedding.Forward(input.Tokens);
        return input.EmbeddingNoise is { } noise ? rows + noise.To(rows.DType) : rows;
    }

    /// <summary>The input with which a text is scored as a whole: the last real token has attended to all tokens.</summary>
    public virtual ModelInput ForScoring(ModelInput text) => text;

    /// <summary>The size of the KV cache for one token; null for an encoder, which reads whole texts.</summary>
    public abstract CacheShape? CacheShape { get; }

    /// <summary>An empty cache for this many rows and columns.</summary>
    /// <exception cref="InvalidOperationException">The model is an encoder.</exception>
    public KvCache NewCache(long batch, long capacity) => new(
        CacheShape ?? throw new InvalidOperationException("an encoder has no KV cache: it reads whole texts"),
        batch, capacity, ComputeDType, TokenEmbedding.Value.Device);
}
