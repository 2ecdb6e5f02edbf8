using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Forbids tokens that would complete an n-gram which the text (or the <see cref="TokenSpan.Source"/>) already has. Paulus et al. 2017,
/// https://arxiv.org/abs/1705.04304
/// </summary>
public sealed class NoRepeatNGramFilter(int size, TokenSpan span = TokenSpan.All) : ILogitsFilter
{
    public Tensor Apply(Tensor logits, LogitsContext context) =>
        TokenCells.FromTokens(context.Rows, Forbidden, double.NegativeInfinity).Replace(logits);

    IEnumerable<int> Forbidden(TokenHistory row)
    {
        if (row.Text.Count < size - 1)
            return [];
        int[] begun = [.. row.Text.Skip(row.Text.Count - (size - 1))];
        int[] text = [.. row.Part(span)];
        return Enumerable.Range(0, Math.Max(0, text.Length - size + 1))
            .Where(start => text.AsSpan(start, size - 1).SequenceEqual(begun))
            .Select(start => text[start + size - 1]);
    }
}
