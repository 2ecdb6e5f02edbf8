using Attune.Models.Backbones;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Families;

/// <summary>
/// A decoder like Llama: RMS norms, rotary positions, grouped-query attention, a gated MLP. Mistral, Qwen, Phi-3 and Gemma are
/// variants. Parameter names are those of their Hugging Face checkpoints.
/// </summary>
public sealed class RotaryDecoder : Decoder
{
    /// <summary>Tensors in checkpoints that the model does not need.</summary>
    internal static readonly IReadOnlyList<string> IgnoredTensors = ["*.rotary_emb.inv_freq"];

    internal static readonly IReadOnlyList<(string Own, string Shared)> TiedTensors = [("lm_head.weight", "model.embed_tokens.weight")];

    readonly RotaryDecoderConfig config;
    readonly Embedding tokenEmbedding;
    readonly RotaryBlock[] blocks;
    readonly RmsNorm finalNorm;
    readonly RotaryFrequencies? lengthDependent;

    internal RotaryDecoder(RotaryDecoderConfig config)
    {
        this.config = config;
        tokenEmbedding = Register("embed_tokens", new Embedding(config.VocabularySize, config.Width, config.InitializerRange));
        blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => Register($"layers.{layer}", new RotaryBlock(config, layer)))];
        finalNorm = Register("norm", config.NewNorm(config.Width));
        lengthDependent = config.LayerAttention.Select(view => view.Frequencies).FirstOrDefault(frequencies => frequencies.DependOnLength);
    }

    internal RotaryDecoderConfig Config => config;

    public override long Width => config.Width;

    public override long VocabularySize => config.VocabularySize;

    public override long ContextLength => config.ContextLength;

    public override Parameter TokenEmbedding => tokenEmbedding.Weight;

    public override int Layers => config.Layers;

    protected override IEnumerable<Module> Embeddings => [tokenEmbedding];

    public override Tensor Forward(ModelInput input, KvCache? cache = null) =>
        cache is not null && lengthDependent is not null
            ? ForwardWithOneScaling(input, cache, lengthDependent)
            : base.Forward(input, cache);

    public override CacheShape? CacheShape => new(config.Layers, config.KeyHeads, config.HeadWidth);

    protected override Module Layer(int layer) => blocks[layer];

    protected override Module FinalNorm => finalNorm;

    /// <summary>Rows of the token embedding, times a scale that is rounded to their type as in Gemma.</summary>
    protected override Tensor Embed(ModelInput input, long cached)
    {
        var rows = EmbedTokens(tokenEmbedding, input);
        return config.EmbeddingScale == 1 ? rows : rows * Tensor.Scalar(config.EmbeddingScale, rows.DType, rows.Device);
    }

    protected override Func<int, Tensor, Tensor> PrepareLayers(ModelInput input, KvCache? cache)
    {
        var cached = cache?.Length ?? 0;
        var columns = cached + input.Tokens.Size(1);
        var positions = input.PositionsAfter(cached);
        var attentionMasks = config.LayerAttention.Select(Window).Distinct()
            .ToDictionary(window => window, window => Attention.CausalMask(input, cached, window));
        var angles = config.LayerAttention.Select(view => view.Frequencies).Distinct()
            .ToDictionary(
                frequencies => frequencies,
                frequencies => Rotary.Angles(positions, frequencies, ComputeDType));
        return (layer, x) =>
        {
            var view = config.LayerAttention[layer];
            return blocks[layer].Forward(x, attentionMasks[Window(view)], angles[view.Frequencies], cache,
                layer == Layers - 1 ? input.FirstOutputColumn : 0);
        };

        long Window(LayerAttention view) => view.Window < columns ? view.Window : 0;
    }

    protected override Tensor ApplyFinalNorm(Tensor hidden) => finalNorm.Forward(hidden);

    /// <summary>
    /// Rotates all of a text with the same frequencies: when the new length changes them, the cached tokens are computed again.
    /// </summary>
    Tensor ForwardWithOneScaling(ModelInput input, KvCache cache, RotaryFrequencies frequencies)
    {
        var cached = cache.Length;
        var positions = input.PositionsAfter(cached).Expand(input.Tokens.Size(0), -1);
        var isLong = frequencies.IsLong(positions);
        var changes = cache.History is { } text && text.IsLong != isLong;
        cache.AddHistory(input.Tokens, positions, isLong);
        if (!changes)
            return base.Forward(input, cache);
        cache.Rewind(0);
        var history = cache.History!.Value;
        var hidden = base.Forward(input with { Tokens = history.Tokens, Positions = history.Positions }, cache);
        cache.Rewind(cached);
        return hidden.Slice(1, cached);
    }
}

/// <summary>x + attention(norm(x)), then x + mlp(norm(x)), where the outputs of attention and MLP may be normalised too.</summary>
sealed class RotaryBlock : Module
{
    readonly RotaryAttention attention;
    readonly GatedMlp mlp;
    readonly RmsNorm attentionNorm;
    readonly RmsNorm mlpNorm;
    readonly RmsNorm? attentionOutputNorm;
    readonly RmsNorm? mlpOutputNorm;
    readonly Dropout dropout;

    public RotaryBlock(RotaryDecoderConfig config, int layer)
    {
        attention = Register("self_attn", new RotaryAttention(config, layer));
        mlp = Register("mlp", new GatedMlp(config));
        attentionNorm = Register("input_layernorm", config.NewNorm(config.Width, feedsLinear: true));
        if (!config.NormalizesOutputs)
        {
            mlpNorm = Register("post_attention_layernorm", config.NewNorm(config.Width, feedsLinear: true));
        }
        else
        {
            mlpNorm = Register("pre_feedforward_layernorm", config.NewNorm(config.Width, feedsLinear: true));
            attentionOutputNorm = Register("post_attention_layernorm", config.NewNorm(config.Width));
            mlpOutputNorm = Register("post_feedforward_layernorm", config.NewNorm(config.Width));
        }
        dropout = Register("dropout", new Dropout(config.ResidualDropout));
    }

    /// <param name="x">(B, T, D)</param>
    /// <param name="attentionMask">The mask of <see cref="Attention.Attend"/>.</param>
    /// <param name="angles">The angles of the T positions.</param>
    /// <param name="cache">The KV cache, or null.</param>
    /// <param name="first">The first column whose output is needed.</param>
    /// <returns>(B, T − first, D)</returns>
    public Tensor Forward(Tensor x, Tensor attentionMask, (Tensor Cos, Tensor Sin) angles, KvCache? cache, long first)
    {
        var attended = attention.Forward(attentionNorm.Forward(x), attentionMask, angles, cache, first);
        x = Attention.From(x, 1, first) + Added(attended, attentionOutputNorm);
        return x + Added(mlp.Forward(mlpNorm.Forward(x)), mlpOutputNorm);
    }

    Tensor Added(Tensor part, RmsNorm? norm) => dropout.Forward(norm?.Forward(part) ?? part);
}
