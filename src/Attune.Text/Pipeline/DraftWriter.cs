using System.Runtime.CompilerServices;
using System.Text;

namespace Attune.Text;

/// <summary>Writes the changed text of a draft, piece by piece. Each unit names the unit of the old piece from which it comes.</summary>
sealed class DraftWriter(AlignedText source)
{
    int origin;

    public AlignedText Text { get; } = source.Successor();

    public int Length => Text.Length;

    /// <summary>Whether the piece is at the start of the original; for aligned text only.</summary>
    public bool IsFirst => source.Origin(origin, origin + 1).Start == 0;

    /// <summary>Starts a piece and returns its start in the new text.</summary>
    public int Begin(Piece piece)
    {
        origin = piece.Start;
        return Length;
    }

    /// <param name="unit">The unit to write.</param>
    /// <param name="from">The unit of the old piece from which it comes, or −1 for a unit without an origin before the piece.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Append(char unit, int from)
    {
        if (from < 0)
            Text.Insert(unit, source, origin);
        else
            Text.Append(unit, source, origin + from);
    }

    public void Append(Rune rune, int from)
    {
        Span<char> units = stackalloc char[2];
        foreach (var unit in units[..rune.EncodeToUtf16(units)])
            Append(unit, from);
    }

    public void Append(string text, int from)
    {
        foreach (var unit in text)
            Append(unit, from);
    }

    /// <summary>Copies units of the old piece; the first of them is unit <paramref name="from"/>.</summary>
    public void Copy(ReadOnlySpan<char> units, int from = 0)
    {
        foreach (var unit in units)
            Append(unit, from++);
    }
}
