using System.Globalization;
using System.Text;

namespace Attune.Jinja;

/// <summary>
/// Upper, lower and title case as in Python, with letters that become several (ß, ŉ, ligatures) and the final sigma. Polytonic Greek
/// uses Unicode's simple mapping, without forms of several letters.
/// </summary>
static class LetterCase
{
    static readonly Dictionary<int, string> SeveralCapitals = new()
    {
        ['ß'] = "SS", ['ŉ'] = "ʼN", ['ǰ'] = "J̌", ['ΐ'] = "Ϊ́", ['ΰ'] = "Ϋ́", ['և'] = "ԵՒ",
        ['ẖ'] = "H̱", ['ẗ'] = "T̈", ['ẘ'] = "W̊", ['ẙ'] = "Y̊", ['ẚ'] = "Aʾ",
        ['ﬀ'] = "FF", ['ﬁ'] = "FI", ['ﬂ'] = "FL", ['ﬃ'] = "FFI", ['ﬄ'] = "FFL", ['ﬅ'] = "ST", ['ﬆ'] = "ST",
        ['ﬓ'] = "ՄՆ", ['ﬔ'] = "ՄԵ", ['ﬕ'] = "ՄԻ", ['ﬖ'] = "ՎՆ", ['ﬗ'] = "ՄԽ",
    };

    public static string Upper(string text) => Map(text, (_, rune) => Upper(rune));
    
    static string Upper(Rune rune) => SeveralCapitals.GetValueOrDefault(rune.Value) ?? Rune.ToUpperInvariant(rune).ToString();

    public static string Lower(string text) => Map(text, (at, rune) => Lower(text, at, rune));

    static string Lower(string text, int at, Rune rune) => rune.Value switch
    {
        'Σ' => IsFinal(text, at) ? "ς" : "σ",
        'İ' => "i̇",
        _ => Rune.ToLowerInvariant(rune).ToString(),
    };

    /// <summary>The first letter of every run of cased letters in title case, the others in lower case.</summary>
    public static string Title(string text)
    {
        var inWord = false;
        return Map(text, (at, rune) =>
        {
            var mapped = inWord ? Lower(text, at, rune) : TitleOf(rune);
            inWord = IsCased(rune);
            return mapped;
        });
    }

    public static string Capitalize(string text)
    {
        if (text.Length == 0)
            return text;
        var first = Rune.GetRuneAt(text, 0);
        return Map(text, (at, rune) => at == 0 ? TitleOf(first) : Lower(text, at, rune));
    }

    public static string Swap(string text) => Map(text, (at, rune) =>
        IsUpper(rune) ? Lower(text, at, rune) : IsLower(rune) ? Upper(rune) : rune.ToString());

    static string Map(string text, Func<int, Rune, string> map)
    {
        var result = new StringBuilder(text.Length);
        var at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            result.Append(map(at, rune));
            at += rune.Utf16SequenceLength;
        }
        return result.ToString();
    }

    static string TitleOf(Rune rune) => rune.Value switch
    {
        >= 0x1C4 and <= 0x1CC => ((char)(0x1C5 + (rune.Value - 0x1C4) / 3 * 3)).ToString(),       // ǅ ǈ ǋ
        >= 0x1F1 and <= 0x1F3 => "ǲ",
        >= 0x10D0 and <= 0x10FF => rune.ToString(),                                               // Georgian has no title case
        _ when SeveralCapitals.TryGetValue(rune.Value, out var capitals) => char.IsLetter(capitals[0]) && capitals[0] != 'ʼ'
            ? capitals[0] + capitals[1..].ToLowerInvariant()
            : capitals,
        _ => Rune.ToUpperInvariant(rune).ToString(),
    };

    public static bool IsUpper(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.UppercaseLetter
        || rune.Value is >= 0x2160 and <= 0x216F or >= 0x24B6 and <= 0x24CF;

    public static bool IsLower(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.LowercaseLetter
        || rune.Value is 'ª' or 'º' or >= 0x2B0 and <= 0x2B8 or >= 0x2170 and <= 0x217F or >= 0x24D0 and <= 0x24E9;

    public static bool IsCased(Rune rune) =>
        IsUpper(rune) || IsLower(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.TitlecaseLetter;

    /// <summary>Whether a sigma ends a word: letters precede it and none follow (Unicode's Final_Sigma).</summary>
    static bool IsFinal(string text, int at)
    {
        var before = text.AsSpan(0, at);
        var rune = LastOf(before);
        while (before.Length > 0 && IsIgnorable(rune))
        {
            before = before[..^rune.Utf16SequenceLength];
            rune = LastOf(before);
        }
        if (before.Length == 0 || !IsCased(rune))
            return false;
        foreach (var next in text.AsSpan(at + 1).EnumerateRunes())
            if (!IsIgnorable(next))
                return !IsCased(next);
        return true;
    }

    static Rune LastOf(ReadOnlySpan<char> text)
    {
        Rune.DecodeLastFromUtf16(text, out var rune, out _);
        return rune;
    }

    static bool IsIgnorable(Rune rune) => rune.Value is '\'' or '.' or ':' or '·' or '’' || Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format or UnicodeCategory.ModifierLetter
        or UnicodeCategory.ModifierSymbol;
}
