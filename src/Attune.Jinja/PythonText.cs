using System.Buffers;
using System.Globalization;
using System.Text;

namespace Attune.Jinja;

/// <summary>Strings indexed like Python's: by code points, not by UTF-16 units.</summary>
public static class PythonText
{
    static readonly SearchValues<char> LineEnds = SearchValues.Create("\n\r\v\f\u001c\u001d\u001e\u0085\u2028\u2029");

    /// <summary>Whether every unit is a code point.</summary>
    static bool IsPlain(string text) => !text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF');

    internal static int Length(string text) => IsPlain(text) ? text.Length : CodePointsIn(text);

    internal static int CodePointsIn(ReadOnlySpan<char> text)
    {
        var count = 0;
        for (var i = 0; i < text.Length; i += UnitsAt(text, i))
            count++;
        return count;
    }

    static int UnitsAt(ReadOnlySpan<char> text, int i) =>
        char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]) ? 2 : 1;

    /// <summary>The code points, each as a string.</summary>
    internal static IEnumerable<string> Characters(string text)
    {
        for (var i = 0; i < text.Length;)
        {
            var units = UnitsAt(text, i);
            yield return text.Substring(i, units);
            i += units;
        }
    }

    /// <summary>The UTF-16 index of a code point; the length of the text for the index after the last.</summary>
    internal static int UnitOf(string text, int codePoint)
    {
        if (IsPlain(text))
            return Math.Min(codePoint, text.Length);
        var unit = 0;
        for (; codePoint > 0 && unit < text.Length; codePoint--)
            unit += UnitsAt(text, unit);
        return unit;
    }

    internal static string Slice(string text, SliceIndices slice)
    {
        if (slice.Step == 1)
            return slice.Count == 0 ? "" : text[UnitOf(text, slice.Start)..UnitOf(text, slice.Start + slice.Count)];
        if (IsPlain(text))
            return string.Create(slice.Count, (text, slice), static (result, from) =>
            {
                for (var i = 0; i < result.Length; i++)
                    result[i] = from.text[from.slice.Start + i * from.slice.Step];
            });
        var characters = Characters(text).ToList();
        return string.Concat(slice.Positions.Select(i => characters[i]));
    }

    /// <summary>White space in str.isspace and str.strip: Unicode's, and the separators U+001C to U+001F.</summary>
    internal static bool IsSpace(int codePoint) =>
        codePoint is >= 0x1C and <= 0x1F || (codePoint < 0x10000 && char.IsWhiteSpace((char)codePoint));

    /// <summary>str.isalnum of one character.</summary>
    internal static bool IsAlphanumeric(int codePoint) => Category(codePoint)
        is <= UnicodeCategory.OtherLetter or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber
            or UnicodeCategory.OtherNumber;

    internal static UnicodeCategory Category(int codePoint) => CharUnicodeInfo.GetUnicodeCategory(codePoint);

    /// <summary>str.rstrip: removes white space at the end.</summary>
    public static string TrimEnd(string text) => Trim(text, start: false);

    /// <summary>str.strip: removes the characters of a set, or white space, at one end or both.</summary>
    public static string Trim(string text, string? characters = null, bool start = true, bool end = true)
    {
        HashSet<string>? set = characters is null ? null : [.. Characters(characters)];
        var (first, last) = (0, text.Length);
        while (start && first < last && Goes(first, UnitsAt(text, first)))
            first += UnitsAt(text, first);
        while (end && last > first && Goes(last - UnitsBefore(text, last), UnitsBefore(text, last)))
            last -= UnitsBefore(text, last);
        return text[first..last];

        bool Goes(int at, int units) => set is null ? IsSpace(text[at]) : set.Contains(text.Substring(at, units));
    }

    static int UnitsBefore(string text, int i) => i >= 2 && char.IsLowSurrogate(text[i - 1]) && char.IsHighSurrogate(text[i - 2]) ? 2 : 1;

    /// <summary>str.splitlines.</summary>
    internal static IEnumerable<string> Lines(string text, bool keepEnds = false)
    {
        for (var start = 0; start < text.Length;)
        {
            var length = text.AsSpan(start).IndexOfAny(LineEnds);
            var end = length < 0 ? text.Length : start + length;
            var next = Math.Min(end + (end + 1 < text.Length && text[end] == '\r' && text[end + 1] == '\n' ? 2 : 1), text.Length);
            yield return text[start..(keepEnds ? next : end)];
            start = next;
        }
    }

    /// <summary>The order of Python's strings: by code points.</summary>
    internal static int Compare(string a, string b)
    {
        var shared = a.AsSpan().CommonPrefixLength(b);
        if (shared == a.Length || shared == b.Length)
            return a.Length.CompareTo(b.Length);
        var (left, right) = (a[shared], b[shared]);
        return char.IsSurrogate(left) == char.IsSurrogate(right) ? left.CompareTo(right) : char.IsSurrogate(left) ? 1 : -1;
    }

    /// <summary>repr of a string.</summary>
    internal static string Quoted(string text)
    {
        var quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        var result = new StringBuilder(text.Length + 2).Append(quote);
        for (var i = 0; i < text.Length;)
        {
            var units = UnitsAt(text, i);
            AppendQuoted(result, units == 2 ? char.ConvertToUtf32(text[i], text[i + 1]) : text[i], quote);
            i += units;
        }
        return result.Append(quote).ToString();
    }

    static void AppendQuoted(StringBuilder result, int codePoint, char quote)
    {
        if (codePoint == quote || codePoint == '\\')
            result.Append('\\').Append((char)codePoint);
        else if ("\t\n\r".IndexOf((char)codePoint, StringComparison.Ordinal) is >= 0 and var index && codePoint < 32)
            result.Append('\\').Append("tnr"[index]);
        else if (IsPrintable(codePoint))
            result.Append(codePoint < 0x10000 ? ((char)codePoint).ToString() : char.ConvertFromUtf32(codePoint));
        else
            result.Append(codePoint switch
            {
                < 0x100 => $"\\x{codePoint:x2}",
                < 0x10000 => $"\\u{codePoint:x4}",
                _ => $"\\U{codePoint:x8}",
            });
    }

    /// <summary>str.isprintable of one character: no control or format characters, and no white space except the space.</summary>
    internal static bool IsPrintable(int codePoint) => codePoint == ' ' || Category(codePoint) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);
}
