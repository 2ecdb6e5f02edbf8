using System.Text;

namespace Attune.Reporting.Charts;

/// <summary>
/// Makes text of a model or of an untrusted file safe to show: characters that would move a cursor, colour a terminal, change the text
/// direction or break a file become visible symbols. Letters of all scripts are unchanged.
/// </summary>
public static class VisibleText
{
    public static string Escape(string text)
    {
        var shown = new StringBuilder(text.Length);
        foreach (var rune in text.ReplaceLineEndings("\n").EnumerateRunes())        // a lone surrogate becomes U+FFFD
            Append(shown, rune);
        return shown.ToString();
    }

    /// <summary>The beginning of a text, with the number of missing characters.</summary>
    public static string Cut(string text, int length)
    {
        if (text.Length <= length)
            return text;
        var end = char.IsHighSurrogate(text[length - 1]) ? length - 1 : length;
        return $"{text[..end]} … ({NumberFormat.Number(text.Length - end)} more characters)";
    }

    static void Append(StringBuilder shown, Rune rune)
    {
        switch (rune.Value)
        {
            case '\n' or '\t':
                shown.Append(rune);
                break;
            case < 0x20:
                shown.Append((char)(0x2400 + rune.Value));                          // the symbol of the control character
                break;
            case 0x7F:
                shown.Append('\u2421');
                break;
            case >= 0x80 and < 0xA0 or 0xFFFE or 0xFFFF:
                shown.Append(Rune.ReplacementChar);
                break;
            case >= 0x202A and <= 0x202E or >= 0x2066 and <= 0x2069:                // direction overrides and isolates
                shown.Append($"[U+{rune.Value:X4}]");
                break;
            default:
                shown.Append(rune);
                break;
        }
    }
}
