using Attune.Torch;

namespace Attune.Generation;

/// <summary>Allows only these tokens, with equal probability, at a <paramref name="position"/> of the response, counted from 0.</summary>
public sealed class ForcedTokenFilter(IReadOnlyList<int> tokens, int position) : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context)
    {
        bool[] forced = [.. context.Rows.Select(row => row.ResponseLength == position)];
        if (!forced.Contains(true))
            return logits;
        var others = logits.MaskedFill(Tensor.From(forced, context.Rows.Count, 1).To(logits.Device), double.NegativeInfinity);
        return TokenCells.FromTokens(context.Rows, row => row.ResponseLength == position ? tokens : []).Replace(others);
    }
}
