using System.Runtime.CompilerServices;

namespace Attune.Text;

/// <summary>Text, and (if offsets are needed) the span of the original, in code points, from which each UTF-16 unit came.</summary>
sealed class AlignedText
{
    const long Growth = 64;                                        // limit of the text's length, relative to the original
    const long Least = 1 << 16;                                    // units that are always allowed

    char[] units;
    int[]? starts;
    int[]? ends;

    readonly int most;

    AlignedText(int capacity, bool aligned, int most)
    {
        this.most = most;
        units = new char[capacity];
        if (aligned)
            (starts, ends) = (new int[capacity], new int[capacity]);
    }

    /// <summary>The original: every code point comes from itself.</summary>
    public static AlignedText FromOriginal(string original, bool aligned)
    {
        var text = new AlignedText(original.Length, aligned, (int)Math.Min(Array.MaxLength, original.Length * Growth + Least));
        original.CopyTo(text.units);
        text.Length = original.Length;
        if (aligned)
            text.AlignWithItself();
        return text;
    }

    /// <summary>An empty text for a new version of this one.</summary>
    public AlignedText Successor() => new((int)Math.Min(most, Length + Length / 4 + 16L), Aligned, most);

    public int Length { get; private set; }

    public bool Aligned => starts is not null;

    public ReadOnlySpan<char> this[int start, int end] => units.AsSpan(start, end - start);

    /// <summary>The span of the original from which units [start, end) came; start &lt; end.</summary>
    public Offset Origin(int start, int end) => new(starts![start], ends![end - 1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Append(char unit, AlignedText source, int from)
    {
        if (Length == units.Length)
            Grow();
        units[Length] = unit;
        if (starts is not null)
            (starts[Length], ends![Length]) = (source.starts![from], source.ends![from]);
        Length++;
    }

    /// <summary>Appends a unit without an origin before the piece of the source that starts at <paramref name="at"/>.</summary>
    public void Insert(char unit, AlignedText source, int at)
    {
        Append(unit, source, at);
        if (ends is not null)
            ends[Length - 1] = starts![Length - 1];
    }

    void Grow()
    {
        if (units.Length == most)
            throw new InvalidDataException($"the normalizer of this tokenizer makes a text more than {Growth} times as long as its input");
        var capacity = (int)Math.Min(most, Math.Max(16, units.Length * 2L));
        Array.Resize(ref units, capacity);
        if (starts is null)
            return;
        Array.Resize(ref starts, capacity);
        Array.Resize(ref ends, capacity);
    }

    void AlignWithItself()
    {
        var (unit, codePoint) = (0, 0);
        foreach (var rune in units.AsSpan(0, Length).EnumerateRunes())
        {
            for (var end = unit + rune.Utf16SequenceLength; unit < end; unit++)
                (starts![unit], ends![unit]) = (codePoint, codePoint + 1);
            codePoint++;
        }
    }
}
