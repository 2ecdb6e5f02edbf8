using Attune.Torch;

namespace Attune.Models.Backbones;

/// <summary>What a model reads.</summary>
/// <param name="Tokens">(B, T) int64.</param>
/// <param name="AttentionMask">(B, S) bool, true where a token is real; S is T, or the cached length plus T. Null when all are.</param>
/// <param name="Positions">(B, T) int64; null counts columns from 0, after the cached ones.</param>
/// <param name="Segments">(B, T) int64: tokens attend only to tokens with the same number, as packed documents need. Null when rows are one text.</param>
/// <param name="Source">What the encoder of an encoder–decoder reads, in as many rows; null where a cache has read it, and for other models.</param>
/// <param name="TokenTypes">(B, T) int64: which part of a text a token belongs to, where an encoder tells parts apart. Null when all are part 0.</param>
public sealed record ModelInput(
    Tensor Tokens, Tensor? AttentionMask = null, Tensor? Positions = null, Tensor? Segments = null, ModelInput? Source = null, Tensor? TokenTypes = null)
{
    /// <summary>
    /// The column from which on hidden states are asked for. A model may leave out those before it, which then need no queries and no MLP
    /// in its last layer: (B, T − FirstWanted, D). Not with a cache.
    /// </summary>
    public long FirstOutputColumn { get; init; }

    /// <summary>The positions given, else columns after those in the cache: (B or 1, T).</summary>
    public Tensor PositionsAfter(long cached) =>
        Positions ?? Tensor.Arange(cached, cached + Tokens.Size(1), device: Tokens.Device).Unsqueeze(0);

    /// <summary>Rows with padding anywhere: positions count the real tokens, and are 0 at padding before the first.</summary>
    public static ModelInput FromPadded(Tensor tokens, Tensor mask)
    {
        var positions = (mask.To(DType.Int64).CumSum(1) - 1).Clamp(0, null);      // (B, T)
        return new(tokens, mask, positions);
    }
}
