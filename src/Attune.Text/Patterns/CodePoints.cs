using System.Globalization;
using System.Text;

namespace Attune.Text;

/// <summary>The kinds of code points that the patterns distinguish: letter (L), number (N), white space or other.</summary>
[Flags]
enum CodePointKinds : byte
{
    Other = 0,
    Letter = 1,
    Number = 2,
    Space = 4,
}

/// <summary>Properties of code points, from Unicode's tables; surrogate pairs are one code point.</summary>
static class CodePoints
{
    static readonly CodePointKinds[] Plane0 = [.. Enumerable.Range(0, 0x10000).Select(Classify)];

    /// <summary>The kind of the code point at an index of well-formed text, and its number of UTF-16 units.</summary>
    public static CodePointKinds KindAt(ReadOnlySpan<char> text, int at, out int units)
    {
        var unit = text[at];
        if (!char.IsHighSurrogate(unit) || at + 1 == text.Length)
        {
            units = 1;
            return Plane0[unit];
        }
        units = 2;
        return Classify(char.ConvertToUtf32(unit, text[at + 1]));
    }

    static CodePointKinds Classify(int codePoint) => CharUnicodeInfo.GetUnicodeCategory(codePoint) switch
    {
        <= UnicodeCategory.OtherLetter => CodePointKinds.Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => CodePointKinds.Number,
        _ => IsSpace(codePoint) ? CodePointKinds.Space : CodePointKinds.Other,
    };

    /// <summary>Unicode's White_Space.</summary>
    public static bool IsSpace(int codePoint) => codePoint < 0x10000 && char.IsWhiteSpace((char)codePoint);

    /// <summary>Nd, Nl or No.</summary>
    public static bool IsNumber(int codePoint) => Classify(codePoint) == CodePointKinds.Number;

    /// <summary>ASCII punctuation and symbols, and Unicode's P categories.</summary>
    public static bool IsPunctuation(int codePoint) => codePoint < 128
        ? codePoint is > ' ' and < 127 && !char.IsAsciiLetterOrDigit((char)codePoint)
        : CharUnicodeInfo.GetUnicodeCategory(codePoint)
            is >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation;

    /// <summary>\w of UTS #18: alphabetic, marks, decimal digits, connector punctuation (and joiners).</summary>
    public static bool IsWord(int codePoint) => CharUnicodeInfo.GetUnicodeCategory(codePoint) switch
    {
        <= UnicodeCategory.LetterNumber => true,                   // Lu … Lo, Mn, Mc, Me, Nd, Nl
        UnicodeCategory.ConnectorPunctuation => true,
        UnicodeCategory.OtherSymbol => IsCircledLetter(codePoint),
        _ => codePoint is 0x200C or 0x200D,
    };

    /// <summary>\w of regular expressions in Oniguruma: without joiners, and with the numbers of Latin-1.</summary>
    public static bool IsWordOfPatterns(int codePoint) => codePoint is 0xB2 or 0xB3 or 0xB9 or 0xBC or 0xBD or 0xBE
        || (codePoint is not (0x200C or 0x200D) && IsWord(codePoint));

    public static bool StartsInWord(ReadOnlySpan<char> text) =>
        Rune.DecodeFromUtf16(text, out var rune, out _) == System.Buffers.OperationStatus.Done && IsWord(rune.Value);

    public static bool EndsInWord(ReadOnlySpan<char> text) =>
        Rune.DecodeLastFromUtf16(text, out var rune, out _) == System.Buffers.OperationStatus.Done && IsWord(rune.Value);

    static bool IsCircledLetter(int codePoint) =>
        codePoint is >= 0x24B6 and <= 0x24E9 or >= 0x1F130 and <= 0x1F149 or >= 0x1F150 and <= 0x1F169 or >= 0x1F170 and <= 0x1F189;
}
