using System.Text;

namespace Attune.Text;

/// <summary>
/// A span [Start, End) of a draft's text. Token is the added token found there, or −1 for text that is not yet tokenized.
/// </summary>
readonly record struct Piece(int Start, int End, int Token = -1)
{
    public bool IsToken => Token >= 0;
}

/// <summary>Splits a piece: adds spans relative to the piece's start. Text outside of them is removed.</summary>
delegate void Cut(ReadOnlySpan<char> piece, List<Piece> output);

/// <summary>Writes a changed piece to the writer.</summary>
delegate void Rewrite(ReadOnlySpan<char> piece, DraftWriter output);

/// <summary>A text before tokenization: normalizers change its pieces, pre-tokenizers split them; added tokens stay unchanged.</summary>
sealed class Draft
{
    AlignedText text;
    List<Piece> pieces;

    /// <param name="original">Well-formed UTF-16: see <see cref="WellFormed"/>.</param>
    /// <param name="aligned">Whether <see cref="Origin"/> is needed.</param>
    public Draft(string original, bool aligned)
    {
        text = AlignedText.FromOriginal(original, aligned);
        pieces = original.Length > 0 ? [new(0, original.Length)] : [];
    }

    public IReadOnlyList<Piece> Pieces => pieces;

    public ReadOnlySpan<char> this[Piece piece] => text[piece.Start, piece.End];

    /// <summary>The span of the original from which units [start, end) of a piece came.</summary>
    public Offset Origin(Piece piece, int start, int end) => text.Origin(piece.Start + start, piece.Start + end);

    public void Split(Cut cut)
    {
        var result = new List<Piece>(pieces.Count);
        foreach (var piece in pieces)
        {
            if (piece.IsToken)
                result.Add(piece);
            else
                Split(piece, cut, result);
        }
        pieces = result;
    }

    void Split(Piece piece, Cut cut, List<Piece> result)
    {
        var kept = result.Count;
        cut(this[piece], result);
        for (var i = kept; i < result.Count; i++)
        {
            var (start, end, token) = result[i];
            if (end > start)
                result[kept++] = new(piece.Start + start, piece.Start + end, token);
        }
        result.RemoveRange(kept, result.Count - kept);
    }

    public void Rewrite(Rewrite rewrite)
    {
        var writer = new DraftWriter(text);
        var result = new List<Piece>(pieces.Count);
        foreach (var piece in pieces)
        {
            var start = writer.Begin(piece);
            if (piece.IsToken)
                writer.Copy(this[piece]);
            else
                rewrite(this[piece], writer);
            if (writer.Length > start)
                result.Add(piece with { Start = start, End = writer.Length });
        }
        (text, pieces) = (writer.Text, result);
    }

    /// <summary>Replaces every unpaired surrogate by U+FFFD, as UTF-8 encoders do.</summary>
    public static string WellFormed(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
            return text;
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            result.Append(rune);
        return result.ToString();
    }
}
