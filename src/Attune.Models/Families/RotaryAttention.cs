using Attune.Models.Backbones;
using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Families;

/// <summary>
/// Attention with rotary positions and grouped query heads. Queries and keys may be normalised before they are rotated (Dehghani et al.
/// 2023, https://arxiv.org/abs/2302.05442).
/// </summary>
sealed class RotaryAttention : Module
{
    readonly RotaryDecoderConfig config;
    readonly int layer;
    readonly Projections project;
    readonly Linear output;
    readonly RmsNorm? queryNorm;
    readonly RmsNorm? keyNorm;
    readonly Dropout dropout;

    public RotaryAttention(RotaryDecoderConfig config, int layer)
    {
        (this.config, this.layer) = (config, layer);
        var (queries, keys) = (config.Heads * config.HeadWidth, config.KeyHeads * config.HeadWidth);
        project = Register("", new Projections(
            config.AttentionNames, config.Width, [queries, keys, keys], config.InputBias, config.InitializerRange));
        output = Register("o_proj", new Linear(queries, config.Width, config.OutputBias, config.InitializerRange));
        if (config.NormalizesHeads)
        {
            queryNorm = Register("q_norm", config.NewNorm(config.HeadWidth));
            keyNorm = Register("k_norm", config.NewNorm(config.HeadWidth));
        }
        dropout = Register("dropout", new Dropout(config.AttentionDropout));
    }

    /// <summary>(B, T, D) → (B, T − first, D)</summary>
    public Tensor Forward(Tensor x, Tensor attentionMask, (Tensor Cos, Tensor Sin) angles, KvCache? cache, long first)
    {
        var parts = project.Forward(x);
        var q = Rotary.Rotate(Heads(Attention.From(parts[0], 1, first), queryNorm), Rotary.From(angles, first));   // (B, H, T − first, D)
        var k = Rotary.Rotate(Heads(parts[1], keyNorm), angles);                // (B, K, T, D)
        var v = Heads(parts[2], norm: null);                                    // (B, K, T, D)
        if (cache is not null)
            (k, v) = cache.Append(layer, k, v);
        return output.Forward(Attention.Attend(
            q, k, v, Attention.From(attentionMask, 2, first), config.AttentionScale, dropout, config.AttentionSoftCap));
    }

    Tensor Heads(Tensor x, RmsNorm? norm)
    {
        var heads = x.Reshape(x.Size(0), x.Size(1), -1, config.HeadWidth);                       // (B, T, H, D)
        return (norm?.Forward(heads) ?? heads).Transpose(1, 2);
    }
}
