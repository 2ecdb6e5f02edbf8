using Attune.Torch;

namespace Attune.Generation;

/// <summary>Adds a bias to the token that would complete a sequence. The biases of several sequences add up.</summary>
public sealed class SequenceBiasFilter(IReadOnlyList<(int[] Tokens, double Bias)> sequences) : ILogitsFilter
{
    /// <summary>Forbids sequences, except those of a single end-of-sequence token: a response may always end.</summary>
    public static SequenceBiasFilter BadWords(IEnumerable<int[]> words, IReadOnlyCollection<int> eosIds) =>
        new([.. words.Where(word => word is not [var only] || !eosIds.Contains(only)).Select(word => (word, double.NegativeInfinity))]);

    public Tensor Apply(Tensor logits, LogitsContext context)
    {
        var cells = new TokenCells();
        for (var row = 0; row < context.Rows.Count; row++)
            foreach (var (tokens, bias) in sequences)
                if (EndsWith(context.Rows[row].Text, tokens.AsSpan()[..^1]))
                    cells.Add(row, tokens[^1], bias);
        return cells.Change(logits, (values, amounts) => values + amounts);
    }

    static bool EndsWith(IReadOnlyList<int> text, ReadOnlySpan<int> begun)
    {
        if (text.Count < begun.Length)
            return false;
        for (var i = 1; i <= begun.Length; i++)
            if (text[^i] != begun[^i])
                return false;
        return true;
    }
}
