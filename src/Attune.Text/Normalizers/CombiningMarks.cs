using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Attune.Text;

/// <summary>
/// Decomposition, combining classes and composition of single characters. All are found by calling <see cref="string.Normalize()"/>,
/// because .NET has no API for Unicode's tables.
/// </summary>
static class CombiningMarks
{
    /// <summary>Every character below this is a starter.</summary>
    public const char FirstMark = '\u0300';

    const int LongRun = 60;                                        // twice the limit of stream-safe text (UAX #15, section 13)
    const char Refused = '\uFFFE';                                 // a noncharacter on which Normalize throws; never changed

    static readonly ConcurrentDictionary<Rune, int> Classes = new();
    static readonly ConcurrentDictionary<(Rune, NormalizationForm), Rune[]> Decompositions = new();

    /// <summary>One mark of every combining class of Unicode, in the order of the classes (1, 6, 7, … 234, 240).</summary>
    public static IReadOnlyList<Rune> OfEveryClass { get; } =
    [
        .. new[]
        {
            0x334, 0x16FF0, 0x93C, 0x3099, 0x94D, 0x5B0, 0x5B1, 0x5B2, 0x5B3, 0x5B4, 0x5B5, 0x5B6, 0x5B7, 0x5B8, 0x5B9, 0x5BB, 0x5BC,
            0x5BD, 0x5BF, 0x5C1, 0x5C2, 0xFB1E, 0x64B, 0x64C, 0x64D, 0x64E, 0x64F, 0x650, 0x651, 0x652, 0x670, 0x711, 0xC55, 0xC56,
            0xE38, 0xE48, 0xEB8, 0xEC8, 0xF71, 0xF72, 0xF74, 0x321, 0x1DCE, 0x31B, 0x302A, 0x316, 0x59A, 0x302E, 0x1D16D, 0x5AE, 0x300,
            0x315, 0x35C, 0x35D, 0x345,
        }.Select(codePoint => new Rune(codePoint)),
    ];

    /// <summary>False in a process without ICU, where Normalize returns strings unchanged.</summary>
    public static bool Available { get; } = "e\u0301".Normalize().Length == 1;

    /// <summary>Whether normalization certainly changes nothing. Never true for long runs of marks, which ICU is slow to check.</summary>
    public static bool IsNormalized(ReadOnlySpan<char> text, NormalizationForm form)
    {
        if (Ascii.IsValid(text))
            return true;
        foreach (var range in text.Split(Refused))
            if (HasLongRun(text[range]) || !text[range].IsNormalized(form))
                return false;
        return true;
    }

    static bool HasLongRun(ReadOnlySpan<char> text)
    {
        var run = 0;
        foreach (var unit in text)
        {
            run = unit >= FirstMark && MayBeMark(unit) ? run + 1 : 0;
            if (run > LongRun)
                return true;
        }
        return false;
    }

    static bool MayBeMark(char unit) =>
        CharUnicodeInfo.GetUnicodeCategory(unit) is UnicodeCategory.NonSpacingMark or UnicodeCategory.Surrogate;

    public static Rune[] Decompose(Rune rune, NormalizationForm form) =>
        rune.IsAscii || rune.Value == Refused
            ? [rune]
            : Decompositions.GetOrAdd((rune, form), key => [.. $"{key.Item1}".Normalize(key.Item2).EnumerateRunes()]);

    /// <summary>0 for a starter; otherwise a number that orders marks like their combining classes. For decomposed characters.</summary>
    public static int ClassOf(Rune rune) => rune.Value is < FirstMark or Refused ? 0 : Classes.GetOrAdd(rune, FindClass);

    static int FindClass(Rune rune)
    {
        if (!Swaps(rune, OfEveryClass[0]) && !Swaps(OfEveryClass[^1], rune))
            return 0;
        var (low, high) = (0, OfEveryClass.Count);                 // the marks before low have lower classes
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Swaps(rune, OfEveryClass[middle]))
                low = middle + 1;
            else
                high = middle;
        }
        return low + 1;
    }

    /// <summary>Whether canonical ordering swaps the two: both are marks, and the first has a higher class.</summary>
    static bool Swaps(Rune first, Rune second) =>
        first != second && $"{first}{second}".Normalize(NormalizationForm.FormD) == $"{second}{first}";

    /// <summary>The composition of two characters, or null.</summary>
    public static Rune? Compose(Rune first, Rune second)
    {
        if (second.Value is < FirstMark or Refused || first.Value == Refused)
            return null;
        var composed = $"{first}{second}".Normalize(NormalizationForm.FormC);
        return Rune.TryGetRuneAt(composed, 0, out var rune) && rune.Utf16SequenceLength == composed.Length ? rune : null;
    }
}
