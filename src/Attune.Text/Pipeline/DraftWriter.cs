using System.Runtime.CompilerServices;
using System.Text;

namespace Attune.Text;

/// <summary>Takes the rewritten text of a draft, piece by piece; each unit names the unit of the old piece that it comes from.</summary>
sealed class DraftWriter(AlignedText source)
{
    int origin;

    public AlignedText Text { get; } = source.Successor();

    public int Length => Text.Length;

    /// <summary>Whether the piece comes from the very start of the original; to be asked of aligned text only.</summary>
    public bool IsFirst => source.Origin(origin, origin + 1).Start == 0;

    /// <summary>Starts a piece and returns where in the new text it begins.</summary>
    public int Begin(Piece piece)
    {
        origin = piece.Start;
        return Length;
    }

    /// <param name="unit">What to write.</param>
    /// <param name="from">The unit of the old piece it comes from, or −1 when it comes from nothing and stands before the piece.</param>
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

    /// <summary>Writes units of the old piece as they are; the first of them is unit <paramref name="from"/>.</summary>
    public void Copy(ReadOnlySpan<char> units, int from = 0)
    {
        foreach (var unit in units)
            Append(unit, from++);
    }
}
