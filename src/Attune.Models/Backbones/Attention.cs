using Attune.Torch;

namespace Attune.Models.Backbones;

/// <summary>Scaled dot-product attention. Vaswani et al. 2017, eq. 1. https://arxiv.org/abs/1706.03762</summary>
public static class Attention
{
    /// <summary>
    /// softmax(q kᵀ · scale + mask) v. Groups of query heads share a key head when there are fewer key heads (Ainslie et al. 2023,
    /// https://arxiv.org/abs/2305.13245).
    /// </summary>
    /// <param name="q">(B, H, T, D)</param>
    /// <param name="k">(B, K, S, D); K divides H.</param>
    /// <param name="v">(B, K, S, D)</param>
    /// <param name="attentionMask">
    /// (B or 1, H or 1, T or 1, S), added to scores: 0 where a query may attend, the most negative float elsewhere.
    /// </param>
    /// <param name="scale">Usually 1/√D.</param>
    /// <param name="dropout">Applied to the attention weights.</param>
    /// <param name="softCap">Limits scores to ± this by c tanh(x / c), before the mask is added; 0 for no limit.</param>
    /// <returns>(B, T, H · D)</returns>
    public static Tensor Attend(
        Tensor q, Tensor k, Tensor v, Tensor attentionMask, double scale, Layers.Dropout dropout, double softCap = 0)
    {
        if (softCap == 0 && !dropout.HasActiveDropout && Tensor.Attend(q, k, v, attentionMask, scale) is { } fused)
            return fused;
        var dtype = q.DType;
        if (q.Device == Device.Cpu)                                        // where products of batches in bfloat16 are slow
            (q, k, v) = (q.To(DType.Float32), k.To(DType.Float32), v.To(DType.Float32));
        var (batch, heads, length, width) = (q.Size(0), q.Size(1), q.Size(2), q.Size(3));
        var (keyHeads, group) = (k.Size(1), heads / k.Size(1));
        var queries = (q * scale).Reshape(batch, keyHeads, group * length, width);                     // (B, K, G·T, D)
        var scores = queries.MatMul(k.Transpose(2, 3)).Reshape(batch, heads, length, -1);      // (B, H, T, S)
        if (softCap != 0)
            scores = (scores / softCap).Tanh() * softCap;
        var weights = dropout.Forward((scores.To(DType.Float32) + attentionMask).Softmax(-1).To(q.DType));
        var context = weights.Reshape(batch, keyHeads, group * length, -1).MatMul(v);            // (B, K, G·T, D)
        return context.Reshape(batch, heads, length, width).Transpose(1, 2).Reshape(batch, length, heads * width).To(dtype);
    }

    /// <summary>A view of the tensor from an index of a dimension to its end.</summary>
    public static Tensor From(Tensor x, int dimension, long first) => first == 0 ? x : x.Slice(dimension, first);

    /// <summary>(B, T, H · D) → (B, H, T, D)</summary>
    public static Tensor SplitHeads(Tensor x, long headWidth) =>
        x.Reshape(x.Size(0), x.Size(1), -1, headWidth).Transpose(1, 2);

    /// <summary>The mask of an encoder: a token attends to every real token of its segment.</summary>
    /// <returns>(B or 1, 1, T or 1, T) float32.</returns>
    public static Tensor BidirectionalMask(ModelInput input) =>
        ToAdditiveMask(Tensor.Ones([1, 1, 1, input.Tokens.Size(1)], DType.Bool, input.Tokens.Device), input);

    /// <summary>
    /// The mask of a decoder: a token attends to itself and to earlier real tokens of its segment. Masked elements are the most
    /// negative float and not −∞, so that a padding query, which may attend to nothing, does not give NaN.
    /// </summary>
    /// <param name="input">Tokens with their attention mask and segments.</param>
    /// <param name="cached">Columns in the KV cache.</param>
    /// <param name="window">
    /// Columns that a token attends to, itself included; 0 for all. Beltagy et al. 2020, https://arxiv.org/abs/2004.05150
    /// </param>
    /// <returns>(B or 1, 1, T, S) float32, where S includes the cached columns.</returns>
    public static Tensor CausalMask(ModelInput input, long cached, long window = 0)
    {
        var length = input.Tokens.Size(1);
        var all = Tensor.Ones([length, cached + length], DType.Bool, input.Tokens.Device);
        var allowed = window == 0 ? all.Tril(cached) : all.Tril(cached) & !all.Tril(cached - window);
        return ToAdditiveMask(allowed.Reshape(1, 1, length, -1), input);
    }

    /// <summary>
    /// 0 where attention is allowed and the key is a real token of the same segment, the most negative float elsewhere.
    /// </summary>
    static Tensor ToAdditiveMask(Tensor allowed, ModelInput input)
    {
        if (input.AttentionMask is { } mask)
            allowed &= mask.Reshape(mask.Size(0), 1, 1, -1);
        if (input.Segments is { } segments)
            allowed &= segments.Unsqueeze(2).EqualTo(segments.Unsqueeze(1)).Unsqueeze(1);
        return ToAdditiveMask(allowed);
    }

    /// <summary>A mask that allows attention to every real token: (B, S) → (B, 1, 1, S).</summary>
    public static Tensor PaddingMask(Tensor mask) => ToAdditiveMask(mask.Reshape(mask.Size(0), 1, 1, -1));

    static Tensor ToAdditiveMask(Tensor allowed) =>
        Tensor.Zeros(allowed.Shape.ToArray(), DType.Float32, allowed.Device).MaskedFill(!allowed, float.MinValue);
}
