namespace Attune.Data;

/// <summary>Puts documents one behind the other and cuts the stream into rows of one length, so that no column is padding.</summary>
public static class Packing
{
    /// <summary>
    /// Rows of <paramref name="length"/> tokens; the last may be shorter. A document that a cut divides goes on in the next row as
    /// if it began there.
    /// </summary>
    public static IEnumerable<TokenRow> Wrap(IEnumerable<int[]> documents, int length)
    {
        var tokens = new List<int>(length);
        var segments = new List<int>(length);
        var segment = 0;
        foreach (var document in documents)
        {
            for (var at = 0; at < document.Length;)
            {
                var count = Math.Min(length - tokens.Count, document.Length - at);
                tokens.AddRange(document.AsSpan(at, count));
                segments.AddRange(Enumerable.Repeat(segment, count));
                at += count;
                if (tokens.Count == length)
                    yield return TakeRow(tokens, segments);
            }
            segment++;
        }
        if (tokens.Count > 1)
            yield return TakeRow(tokens, segments);
    }

    static TokenRow TakeRow(List<int> tokens, List<int> segments)
    {
        var first = segments[0];
        var row = new TokenRow([.. tokens], [.. Enumerable.Repeat(true, tokens.Count)], [.. segments.Select(segment => segment - first)]);
        tokens.Clear();
        segments.Clear();
        return row;
    }
}
