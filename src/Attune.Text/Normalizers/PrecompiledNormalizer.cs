using System.Globalization;
using System.Text;

namespace Attune.Text;

/// <summary>
/// SentencePiece's normalization with a <see cref="CharacterMap"/>. A grapheme is replaced as a whole if it is short, or else code
/// point by code point.
/// </summary>
sealed class PrecompiledNormalizer(CharacterMap map) : INormalizer
{
    const int LongestWhole = 5;                                    // bytes of UTF-8

    /// <summary>
    /// A character that is written: 1 inserts it after the previous ones, 0 replaces the next old character, −n replaces that one and n
    /// more.
    /// </summary>
    readonly record struct Change(Rune Rune, int Shift);

    public static PrecompiledNormalizer Read(JsonField field)
    {
        var compiled = field["precompiled_charsmap"];
        try
        {
            return new(new(Convert.FromBase64String(compiled.Text())));
        }
        catch (Exception e) when (e is FormatException or InvalidDataException)
        {
            throw compiled.Invalid($"this is not a character map: {e.Message}");
        }
    }

    public void Normalize(Draft draft) => draft.Rewrite(Rewrite);

    void Rewrite(ReadOnlySpan<char> piece, DraftWriter output)
    {
        var changes = new List<Change>(piece.Length);
        for (int start = 0, length; start < piece.Length; start += length)
        {
            length = StringInfo.GetNextTextElementLength(piece[start..]);
            if (!TryReplace(piece.Slice(start, length), changes))
                AddCodePoints(piece.Slice(start, length), changes);
        }
        Write(changes, piece, output);
    }

    void AddCodePoints(ReadOnlySpan<char> element, List<Change> changes)
    {
        for (int start = 0, length; start < element.Length; start += length)
        {
            Rune.DecodeFromUtf16(element[start..], out var rune, out length);
            if (!TryReplace(element.Slice(start, length), changes))
                changes.Add(new(rune, 0));
        }
    }

    /// <summary>
    /// Text that is replaced by nothing counts as part of the preceding character, if there is one, as in Hugging Face's tokenizers.
    /// </summary>
    bool TryReplace(ReadOnlySpan<char> old, List<Change> changes)
    {
        if (old.Length > LongestWhole || System.Text.Encoding.UTF8.GetByteCount(old) > LongestWhole || map.Find(old) is not { } replacement)
            return false;
        var left = Count(old);
        foreach (var rune in replacement.EnumerateRunes())
            changes.Add(new(rune, left-- > 0 ? 0 : 1));
        if (left > 0 && changes.Count > 0)
            changes[^1] = changes[^1] with { Shift = changes[^1].Shift - left };
        return true;
    }

    static int Count(ReadOnlySpan<char> text)
    {
        var count = 0;
        foreach (var _ in text.EnumerateRunes())
            count++;
        return count;
    }

    static void Write(List<Change> changes, ReadOnlySpan<char> piece, DraftWriter output)
    {
        var (before, at) = (-1, 0);                                // the previous old character, and the next
        foreach (var (rune, shift) in changes)
        {
            output.Append(rune, shift > 0 ? before : at);
            for (var replaced = 1 - shift; replaced > 0; replaced--)
                (before, at) = (at, at + (char.IsHighSurrogate(piece[at]) ? 2 : 1));
        }
    }
}
