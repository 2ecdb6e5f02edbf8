using Attune.Torch;

namespace Attune.Generation;

/// <summary>Some cells of logits (B, V), by row and token, each with an amount. What is changed is uploaded, not a whole table.</summary>
sealed class TokenCells
{
    readonly Dictionary<(int Row, int Token), float> amounts = [];

    /// <summary>The cells of these tokens in every row, with one amount.</summary>
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

    /// <summary>Logits with the amounts in these cells.</summary>
    public Tensor Replace(Tensor logits) => Change(logits, (_, amounts) => amounts);

    /// <summary>Logits with a function of the logits (N) and the amounts (N) in these N cells.</summary>
    public Tensor Change(Tensor logits, Func<Tensor, Tensor, Tensor> function)
    {
        if (amounts.Count == 0)
            return logits;
        if (amounts.Keys.Max(cell => cell.Token) is var largest && largest >= logits.Size(-1))
            throw new InvalidDataException($"token id {largest}: one below the vocabulary's size, {logits.Size(-1)}, was expected");
        Tensor[] places = [Upload(amounts.Keys.Select(cell => (long)cell.Row)), Upload(amounts.Keys.Select(cell => (long)cell.Token))];
        return logits.IndexPut(function(logits.Index(places), Upload(amounts.Values)), places);

        Tensor Upload<T>(IEnumerable<T> numbers) where T : unmanaged => Tensor.From(numbers.ToArray(), amounts.Count).To(logits.Device);
    }
}
