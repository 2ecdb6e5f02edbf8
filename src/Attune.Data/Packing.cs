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
        BestFit([.. documents.SelectMany(document => Pieces(document, length))], length);

    /// <summary>A document in pieces of at most <paramref name="length"/> tokens, without a single last token.</summary>
    public static IEnumerable<TokenRow> Pieces(int[] document, int length) =>
        document.Chunk(length).Where(piece => piece.Length > 1).Select(piece => new TokenRow(piece, Array.ConvertAll(piece, _ => true)));

    /// <summary>
    /// The same for rows of at most <paramref name="length"/> tokens, which keep what is in the loss. A packed row is joined when it is
    /// read; until then it takes a few bytes for each text.
    /// </summary>
    public static IReadOnlyList<TokenRow> BestFit(IReadOnlyList<TokenRow> texts, int length)
    {
        int[] lengths = [.. texts.Select(text => text.Tokens.Length)];
        var order = FromLongest(lengths, length);
        var (rowOf, count) = Rows(lengths, order, length);
        var starts = new int[count + 1];                           // of each row in members
        foreach (var row in rowOf)
            starts[row + 1]++;
        for (var row = 0; row < count; row++)
            starts[row + 1] += starts[row];
        var (members, next) = (new int[order.Length], starts[..^1]);
        foreach (var text in order)
            members[next[rowOf[text]]++] = text;
        return new ListView<TokenRow>(count, row => Join([.. members[starts[row]..starts[row + 1]].Select(text => texts[text])]));
    }

    /// <summary>The indices of the texts from the longest to the shortest, equal ones in their order.</summary>
    static int[] FromLongest(int[] lengths, int length)
    {
        var starts = new int[length + 2];                          // of the texts of each length in the order
        foreach (var size in lengths)
            starts[length - size + 1]++;
        for (var size = 0; size <= length; size++)
            starts[size + 1] += starts[size];
        var order = new int[lengths.Length];
        for (var text = 0; text < lengths.Length; text++)
            order[starts[length - lengths[text]]++] = text;
        return order;
    }

    /// <summary>The row of each text, and the number of rows.</summary>
    static (int[] RowOf, int Count) Rows(int[] lengths, int[] order, int length)
    {
        var (rowOf, count) = (new int[lengths.Length], 0);
        var rowsByRoom = Enumerable.Range(0, length + 1).Select(_ => new Queue<int>()).ToArray();
        foreach (var text in order)
        {
            var room = lengths[text];
            while (room < length && rowsByRoom[room].Count == 0)
                room++;
            if (!rowsByRoom[room].TryDequeue(out var row))
                row = count++;
            rowOf[text] = row;
            rowsByRoom[room - lengths[text]].Enqueue(row);
        }
        return (rowOf, count);
    }

    static TokenRow Join(List<TokenRow> texts) => new(
        [.. texts.SelectMany(text => text.Tokens)], [.. texts.SelectMany(text => text.LossMask)],
        [.. texts.SelectMany((text, segment) => Enumerable.Repeat(segment, text.Tokens.Length))]);
}
