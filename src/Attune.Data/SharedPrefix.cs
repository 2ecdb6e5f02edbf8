using System.Globalization;
using System.Text;

namespace Attune.Data;

/// <summary>Finds the prompt of two transcripts: their common prefix.</summary>
static class SharedPrefix
{
    // Transcripts of Bai et al. 2022 (https://arxiv.org/abs/2204.05862) mark the turns; the prompt ends with the last shared marker.
    const string AnswerMarker = "\n\nAssistant:";

    /// <exception cref="InvalidDataException">The transcripts are equal.</exception>
    public static ComparisonExample Split(Row row, string chosen, string rejected)
    {
        if (chosen == rejected)
            throw new InvalidDataException($"{row.Origin}: chosen and rejected are the same text; a comparison needs two different texts");
        var prompt = chosen[..LengthOf(chosen, rejected)];
        return ConversationLayout.PairOfTexts(row, prompt, chosen[prompt.Length..], rejected[prompt.Length..]);
    }

    /// <summary>
    /// Up to the last response marker, or else to the last whole word; the space before a word belongs to the response. Where that leaves
    /// a response empty, up to the marker or the word before.
    /// </summary>
    static int LengthOf(string a, string b)
    {
        var shared = a.AsSpan().CommonPrefixLength(b);
        var most = Math.Min(shared, Math.Min(a.TrimEnd().Length, b.TrimEnd().Length) - 1);       // leaves a character to each response
        if (most <= 0)
            return 0;
        var marker = a[..most].LastIndexOf(AnswerMarker, StringComparison.Ordinal);
        return marker >= 0 ? marker + AnswerMarker.Length : WordBorder(a, b, most, isCut: most < shared);
    }

    /// <summary>The last border of characters as readers see them, and of words, up to a place.</summary>
    static int WordBorder(string a, string b, int most, bool isCut)
    {
        var borders = Borders(a, most).Intersect(Borders(b, most)).Order().ToList();
        var last = borders.Count - 1;
        if (isCut || IsInsideWord(a, borders[last]) || IsInsideWord(b, borders[last]))
            while (borders[last] > 0 && !EndsWord(a, borders[last]))
                last--;
        return a.AsSpan(0, borders[last]).TrimEnd().Length;
    }

    static IEnumerable<int> Borders(string text, int most) =>
        StringInfo.ParseCombiningCharacters(text).TakeWhile(border => border <= most);

    static bool EndsWord(string text, int at) => Before(text, at) is var rune && (Rune.IsWhiteSpace(rune) || IsUnspaced(rune));

    static bool IsInsideWord(string text, int at) =>
        at > 0 && at < text.Length && IsWordPart(Before(text, at)) && IsWordPart(Rune.GetRuneAt(text, at));

    /// <summary>Letters, digits, marks and apostrophes, in scripts that write spaces between words.</summary>
    static bool IsWordPart(Rune rune) =>
        rune.Value is '\'' or '’' || (!IsUnspaced(rune) && Rune.GetUnicodeCategory(rune) <= UnicodeCategory.OtherNumber);

    static Rune Before(string text, int at) =>
        Rune.GetRuneAt(text, at > 1 && char.IsLowSurrogate(text[at - 1]) ? at - 2 : at - 1);

    /// <summary>Thai, Lao, Myanmar, Khmer, kana and Chinese characters, which have no spaces between words.</summary>
    static bool IsUnspaced(Rune rune) => rune.Value is (>= 0x0E00 and < 0x0F00) or (>= 0x1000 and < 0x10A0) or (>= 0x1780 and < 0x1800)
        or (>= 0x3000 and < 0xA000) or (>= 0xF900 and < 0xFB00) or >= 0x20000;
}
