using Attune.Torch;

namespace Attune.Generation;

/// <summary>The token number <paramref name="at"/> of the answer, counted from 0, is one of these, each as likely as the others.</summary>
public sealed class ForcedTokenFilter(IReadOnlyList<int> tokens, int at) : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context)
    {
        bool[] forced = [.. context.Rows.Select(row => row.ResponseLength == at)];
        if (!forced.Contains(true))
            return logits;
        var others = logits.MaskedFill(Tensor.From(forced, context.Rows.Count, 1).To(logits.Device), double.NegativeInfinity);
        return TokenCells.FromTokens(context.Rows, row => row.ResponseLength == at ? tokens : []).Replace(others);
    }
}
