namespace Attune.Reporting.TextMetrics;

/// <summary>How words and a reference are aligned.</summary>
/// <param name="Positions">
/// For each word of the reference, the word that it is aligned with, or the last one before it (-1 for none).
/// </param>
/// <param name="WordErrors">Which words are not in the reference at their place.</param>
/// <param name="ReferenceErrors">Which words of the reference are missing at their place.</param>
sealed record Alignment(int[] Positions, bool[] WordErrors, bool[] ReferenceErrors);

/// <summary>
/// The edit distance of words from a reference, near the diagonal of the table, as Tercom computes it. Distances of words that begin alike
/// share the first rows of the table.
/// </summary>
sealed class EditDistance
{
    const int Beam = 25;
    const int Unknown = int.MaxValue / 2;

    enum Edit
    {
        None,
        Keep,
        Substitute,
        Delete,
        Insert,
    }

    readonly (int Cost, Edit Edit)[][] table, scratch;

    public EditDistance(string[] words, string[] reference)
    {
        (Words, Reference) = (words, reference);
        (table, scratch) = (NewTable(), NewTable());
        for (var j = 0; j <= reference.Length; j++)
            table[0][j] = (j, Edit.Insert);
        Fill(table, words, firstRow: 1);
    }

    public string[] Words { get; }

    public string[] Reference { get; }

    /// <summary>The number of edits.</summary>
    public int Cost => table[^1][^1].Cost;

    /// <summary>The number of edits of other words, as many as these.</summary>
    public int CostOf(string[] others)
    {
        var same = Words.AsSpan().CommonPrefixLength(others);
        if (same == Words.Length)
            return Cost;
        Array.Copy(table[same], scratch[same], table[same].Length);
        Fill(scratch, others, same + 1);
        return scratch[^1][^1].Cost;
    }

    (int, Edit)[][] NewTable() => [.. Enumerable.Range(0, Words.Length + 1).Select(_ => new (int, Edit)[Reference.Length + 1])];

    /// <summary>Computes the rows of a table from the row before; row i is for the first i words.</summary>
    void Fill((int Cost, Edit Edit)[][] rows, string[] words, int firstRow)
    {
        var slope = (double)Reference.Length / words.Length;
        var beam = Beam < slope / 2 ? (int)Math.Ceiling(slope / 2 + Beam) : Beam;
        for (var i = firstRow; i <= words.Length; i++)
        {
            var (diagonal, row, above) = ((int)Math.Floor(i * slope), rows[i], rows[i - 1]);
            Array.Fill(row, (Unknown, Edit.None));
            var end = i == words.Length ? Reference.Length + 1 : Math.Min(Reference.Length + 1, diagonal + beam);
            for (var j = Math.Max(0, diagonal - beam); j < end; j++)
                row[j] = j == 0 ? (above[0].Cost + 1, Edit.Delete) : Cheapest(
                    words[i - 1] == Reference[j - 1] ? (above[j - 1].Cost, Edit.Keep) : (above[j - 1].Cost + 1, Edit.Substitute),
                    (above[j].Cost + 1, Edit.Delete), (row[j - 1].Cost + 1, Edit.Insert));
        }
    }

    /// <summary>The first of those with the lowest cost.</summary>
    static (int Cost, Edit Edit) Cheapest((int Cost, Edit) one, (int Cost, Edit) two, (int Cost, Edit) three)
    {
        var best = two.Cost < one.Cost ? two : one;
        return three.Cost < best.Cost ? three : best;
    }

    public Alignment Align()
    {
        var found = new Alignment(new int[Reference.Length], new bool[Words.Length], new bool[Reference.Length]);
        for (var (i, j) = (Words.Length, Reference.Length); i > 0 || j > 0;)
        {
            var edit = table[i][j].Edit;
            if (edit != Edit.Insert)
                found.WordErrors[--i] = edit != Edit.Keep;
            if (edit != Edit.Delete)
            {
                found.ReferenceErrors[--j] = edit != Edit.Keep;
                found.Positions[j] = edit == Edit.Insert ? i - 1 : i;
            }
        }
        return found;
    }
}
