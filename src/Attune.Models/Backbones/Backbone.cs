using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Backbones;

/// <summary>What a token of a backbone may look at.</summary>
public enum BackboneKind
{
    /// <summary>At itself and what stands before it: a causal language model.</summary>
    Decoder,

    /// <summary>At the whole text: a masked language model.</summary>
    Encoder,

    /// <summary>At what stands before it, and at a text that another part has read whole.</summary>
    EncoderDecoder,
}

/// <summary>The body of a model: tokens in, one hidden state a token out. Heads turn hidden states into logits, scores or values.</summary>
public abstract class Backbone : Module
{
    public virtual BackboneKind Kind => BackboneKind.Decoder;

    /// <summary>Channels of a hidden state, D.</summary>
    public abstract long Width { get; }

    /// <summary>Tokens that the model tells apart, V.</summary>
    public abstract long VocabularySize { get; }

    /// <summary>The longest text in tokens; of an encoder–decoder, the longest source and the longest answer.</summary>
    public abstract long ContextLength { get; }

    /// <summary>The token that everything begins with that the decoder of an encoder–decoder writes; null for other models.</summary>
    public virtual int? StartToken => null;

    /// <summary>The token table (V, D), which a tied output head shares.</summary>
    public abstract Parameter TokenEmbedding { get; }

    /// <summary>What matrix products compute in while parameters keep their type (mixed precision); null for the parameters' own type.</summary>
    public DType? Autocast { get; set; }

    /// <summary>What keys and values come in.</summary>
    public DType ComputeDType => Autocast ?? TokenEmbedding.Value.DType;

    /// <summary>Reads tokens, after those in the cache when there is one; the caller advances the cache.</summary>
    /// <returns>(B, T, D), after the final norm.</returns>
    public abstract Tensor Forward(ModelInput input, KvCache? cache = null);

    /// <summary>How a text is read to be judged as a whole: the last real token has seen all before it.</summary>
    public virtual ModelInput ForScoring(ModelInput text) => text;

    /// <summary>What is kept of a token so that it need not be read again; null for an encoder, which reads whole texts.</summary>
    public abstract CacheShape? CacheShape { get; }

    /// <summary>An empty cache for this many rows and columns.</summary>
    /// <exception cref="InvalidOperationException">The model is an encoder.</exception>
    public KvCache NewCache(long batch, long capacity) => new(
        CacheShape ?? throw new InvalidOperationException("an encoder reads whole texts and has nothing to cache"),
        batch, capacity, ComputeDType, TokenEmbedding.Value.Device);
}
