namespace Attune.Data;

/// <summary>Rows of different lengths as one rectangle in managed memory, padded on the right.</summary>
/// <param name="Count">The number of rows, B.</param>
/// <param name="Length">The number of columns, T: the length of the longest row.</param>
/// <param name="Tokens">(B, T), row-major.</param>
/// <param name="Mask">(B, T): true where a token is real.</param>
public sealed record PaddedRows(int Count, int Length, long[] Tokens, bool[] Mask)
{
    public static PaddedRows From(IReadOnlyList<int[]> rows, int padId)
    {
        var length = rows.Max(row => row.Length);
        var tokens = new long[rows.Count * length];
        var mask = new bool[rows.Count * length];
        Array.Fill(tokens, padId);
        for (var row = 0; row < rows.Count; row++)
            for (var column = 0; column < rows[row].Length; column++)
            {
                tokens[row * length + column] = rows[row][column];
                mask[row * length + column] = true;
            }
        return new(rows.Count, length, tokens, mask);
    }
}
