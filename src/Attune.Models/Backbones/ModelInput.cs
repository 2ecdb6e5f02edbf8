using Attune.Torch;

namespace Attune.Models.Backbones;

/// <summary>The input of a model.</summary>
/// <param name="Tokens">(B, T) int64.</param>
/// <param name="AttentionMask">
/// (B, S) bool, true for a real token; S is T, or the cached length plus T. Null when all tokens are real.
/// </param>
/// <param name="Positions">(B, T) int64; null to count columns from 0, after the cached ones.</param>
/// <param name="Segments">
/// (B, T) int64: tokens attend only to tokens with the same number, as packed documents need. Null when each row is one text.
/// </param>
/// <param name="Source">
/// The encoder's input in an encoder–decoder, with the same number of rows; null where the cache has read it, and for other models.
/// </param>
/// <param name="TokenTypes">
/// (B, T) int64: the part of the text that a token belongs to, for encoders that tell parts apart. Null when all are part 0.
/// </param>
public sealed record ModelInput(
    Tensor Tokens, Tensor? AttentionMask = null, Tensor? Positions = null, Tensor? Segments = null, ModelInput? Source = null,
    Tensor? TokenTypes = null)
{
    /// <summary>
    /// The first column whose hidden state the caller needs. A model may skip earlier columns in its last layer (no queries, no MLP)
    /// and return (B, T − FirstOutputColumn, D). Not with a cache.
    /// </summary>
    public long FirstOutputColumn { get; init; }

    /// <summary>(B, T, D): noise that is added to the token embeddings, as NEFTune does in training; null for none.</summary>
    public Tensor? EmbeddingNoise { get; init; }

    /// <summary>The given positions, or columns after those in the cache: (B or 1, T).</summary>
    public Tensor PositionsAfter(long cached) =>
        Positions ?? Tensor.Arange(cached, cached + Tokens.Size(1), device: Tokens.Device).Unsqueeze(0);

    /// <summary>
    /// The same texts, each moved to the right end of its row, where only the last column is needed: a text is then scored without
    /// computing what no output depends on. Texts with segments or sources are not moved.
    /// </summary>
    public ModelInput AlignedAtEnd()
    {
        if (Segments is not null || Source is not null || EmbeddingNoise is not null)
            return this;
        var length = Tokens.Size(1);
        if (AttentionMask is null)
            return this with { FirstOutputColumn = length - 1 };
        var columns = Tensor.Arange(0, length, device: Tokens.Device);
        var last = (AttentionMask.To(DType.Int64) * columns).ArgMax(1).Unsqueeze(1);                 // (B, 1)
        var from = columns.Unsqueeze(0) + last + 1;                                                  // (B, T)
        from -= from.GreaterOrEqual(length).To(DType.Int64) * length;
        return this with
        {
            Tokens = Tokens.Gather(1, from),
            AttentionMask = AttentionMask.Gather(1, from),
            Positions = PositionsAfter(0).Expand(Tokens.Size(0), -1).Gather(1, from),
            TokenTypes = TokenTypes?.Gather(1, from),
            FirstOutputColumn = length - 1,
        };
    }

    /// <summary>
    /// An input with padding anywhere in a row: positions count real tokens, and are 0 at padding before the first real token.
    /// </summary>
    public static ModelInput FromPadded(Tensor tokens, Tensor mask)
    {
        var positions = (mask.To(DType.Int64).CumSum(1) - 1).Clamp(0, null);      // (B, T)
        return new(tokens, mask, positions);
    }
}
