using Attune.Torch;

namespace Attune.Generation;

/// <summary>Forbids ids without a token: rows of the output matrix beyond the tokenizer, and holes in its vocabulary.</summary>
/// <param name="ids">The ids.</param>
sealed class UnusedTokensFilter(IReadOnlyList<int> ids) : ILogitsFilter, IDisposable
{
    Tensor? mask;                                                  // (V) bool, kept until the end of a batch of generation
    bool isOfBatch;

    public Tensor Apply(Tensor logits, LogitsContext context)
    {
        if (!isOfBatch)
            return logits.MaskedFill(NewMask(logits), double.NegativeInfinity);
        mask ??= NewMask(logits).DetachFromScope();
        return logits.MaskedFill(mask, double.NegativeInfinity);
    }

    public ILogitsFilter Begin(IReadOnlyList<TokenHistory> rows) => new UnusedTokensFilter(ids) { isOfBatch = true };

    public void Dispose() => mask?.Dispose();

    Tensor NewMask(Tensor logits)
    {
        var forbidden = new bool[logits.Size(-1)];
        foreach (var id in ids)
            forbidden[id] = true;
        return Tensor.From(forbidden, forbidden.Length).To(logits.Device);
    }
}
