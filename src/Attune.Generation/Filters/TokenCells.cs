using Attune.Torch;

namespace Attune.Generation;

/// <summary>
/// Cells of logits (B, V), each with a row, a token and an amount. Only these cells are copied to the device, not a whole (B, V)
/// tensor.
/// </summary>
sealed class TokenCells
{
    readonly Dictionary<(int Row, int Token), float> amounts = [];

    /// <summary>Cells of these tokens in every row, all with one amount.</summary>
    public static TokenCells FromTokens(IReadOnlyList<TokenHistory> rows, Func<TokenHistory, IEnumerable<int>> tokens, double amount = 0)
    {
        var cells = new TokenCells();
        for (var row = 0; row < rows.Count; row++)
            foreach (var token in tokens(rows[row]))
                cells.amounts[(row, token)] = (float)amount;
        return cells;
    }

    /// <summary>Adds to the amount of a cell.</summary>
    public void Add(int row, int token, double amount) => amounts[(row, token)] = amounts.GetValueOrDefault((row, token)) + (float)amount;

    /// <summary>The logits with these cells replaced by their amounts.</summary>
    public Tensor Replace(Tensor logits) => Change(logits, (_, amounts) => amounts);

    /// <summary>The logits with these N cells replaced by a function of the logits (N) and the amounts (N).</summary>
    public Tensor Change(Tensor logits, Func<Tensor, Tensor, Tensor> function)
    {
        if (amounts.Count == 0)
            return logits;
        if (amounts.Keys.Max(cell => cell.Token) is var largest && largest >= logits.Size(-1))
            throw new InvalidDataException($"a token id must be below the vocabulary size, {logits.Size(-1)} (was {largest})");
        Tensor[] indices = [Upload(amounts.Keys.Select(cell => (long)cell.Row)), Upload(amounts.Keys.Select(cell => (long)cell.Token))];
        return logits.IndexPut(function(logits.Index(indices), Upload(amounts.Values)), indices);

        Tensor Upload<T>(IEnumerable<T> numbers) where T : unmanaged => Tensor.From(numbers.ToArray(), amounts.Count).To(logits.Device);
    }
}
