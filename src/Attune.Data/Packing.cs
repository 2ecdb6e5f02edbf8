namespace Attune.Data;

/// <summary>Packs whole documents into rows of one length, so that little of a batch is padding and no document is cut.</summary>
public static class Packing
{
    /// <summary>
    /// Rows of at most <paramref name="length"/> tokens by best-fit decreasing: documents from longest to shortest, each into the row where
    /// it leaves the least space. A document longer than a row is split into rows, each of which starts again at position 0; a single last
    /// token is dropped, since no token precedes it. Ding et al. 2024, "Fewer Truncations Improve Language Modeling", section 3,
    /// https://arxiv.org/abs/2404.10830.
    /// </summary>
    public static IReadOnlyList<TokenRow> BestFit(IEnumerable<int[]> documents, int length)
    {
        var rows = new List<List<int[]>>();
        var rowsByRoom = Enumerable.Range(0, length + 1).Select(_ => new Stack<List<int[]>>()).ToArray();
        foreach (var piece in documents.SelectMany(document => document.Chunk(length)).Where(piece => piece.Length > 1)
            .OrderByDescending(piece => piece.Length))
        {
            var room = piece.Length;
            while (room < length && rowsByRoom[room].Count == 0)
                room++;
            if (!rowsByRoom[room].TryPop(out var row))
                rows.Add(row = []);
            row.Add(piece);
            rowsByRoom[room - piece.Length].Push(row);
        }
        return [.. rows.Select(ToRow)];
    }

    static TokenRow ToRow(List<int[]> pieces)
    {
        int[] tokens = [.. pieces.SelectMany(piece => piece)];
        return new(tokens, [.. Enumerable.Repeat(true, tokens.Length)],
            [.. pieces.SelectMany((piece, segment) => Enumerable.Repeat(segment, piece.Length))]);
    }
}
