namespace Attune.Data;

/// <summary>Packs whole texts into rows of one length, so that little of a batch is padding and no text is cut.</summary>
public static class Packing
{
    /// <summary>
    /// Rows of at most <paramref name="length"/> tokens by best-fit decreasing: documents from longest to shortest, each into the row where
    /// it leaves the least space, the oldest of several. A document longer than a row is split into rows, each of which starts again at
    /// position 0; a single last token is dropped, since no token precedes it. Ding et al. 2024, "Fewer Truncations Improve Language
    /// Modeling", section 3, https://arxiv.org/abs/2404.10830.
    /// </summary>
    public static IReadOnlyList<TokenRow> BestFit(IEnumerable<int[]> documents, int length) =>
        BestFit([.. documents.SelectMany(document => document.Chunk(length)).Where(piece => piece.Length > 1)
            .Select(piece => new TokenRow(piece, Array.ConvertAll(piece, _ => true)))], length);

    /// <summary>The same for rows of at most <paramref name="length"/> tokens, which keep what is in the loss.</summary>
    public static IReadOnlyList<TokenRow> BestFit(IReadOnlyList<TokenRow> texts, int length)
    {
        var rows = new List<List<TokenRow>>();
        var rowsByRoom = Enumerable.Range(0, length + 1).Select(_ => new Queue<List<TokenRow>>()).ToArray();
        foreach (var text in texts.OrderByDescending(text => text.Tokens.Length))
        {
            var room = text.Tokens.Length;
            while (room < length && rowsByRoom[room].Count == 0)
                room++;
            if (!rowsByRoom[room].TryDequeue(out var row))
                rows.Add(row = []);
            row.Add(text);
            rowsByRoom[room - text.Tokens.Length].Enqueue(row);
        }
        return [.. rows.Select(Join)];
    }

    static TokenRow Join(List<TokenRow> texts) => new(
        [.. texts.SelectMany(text => text.Tokens)], [.. texts.SelectMany(text => text.LossMask)],
        [.. texts.SelectMany((text, segment) => Enumerable.Repeat(segment, text.Tokens.Length))]);
}
