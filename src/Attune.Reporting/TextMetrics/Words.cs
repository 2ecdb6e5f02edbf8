using System.Text.RegularExpressions;

namespace Attune.Reporting.TextMetrics;

/// <summary>Divides texts into words, as the reference implementations of metrics do.</summary>
public static partial class Words
{
    /// <summary>The words between white space.</summary>
    public static string[] Split(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The characters (Unicode code points) that are not white space.</summary>
    public static string[] Characters(string text) =>
        [.. text.EnumerateRunes().Where(rune => !System.Text.Rune.IsWhiteSpace(rune)).Select(rune => rune.ToString())];

    /// <summary>Words and punctuation, as mteval-v13a divides them, with case; SacreBLEU calls it 13a.</summary>
    public static string[] Mteval13a(string text)
    {
        var plain = text.Replace("<skipped>", "", StringComparison.Ordinal).Replace("-\n", "", StringComparison.Ordinal)
            .Replace('\n', ' ').Replace("&quot;", "\"", StringComparison.Ordinal).Replace("&amp;", "&", StringComparison.Ordinal)
            .Replace("&lt;", "<", StringComparison.Ordinal).Replace("&gt;", ">", StringComparison.Ordinal);
        plain = Symbol().Replace($" {plain} ", " $& ");
        plain = PointAfterOther().Replace(plain, "${a} ${b} ");
        plain = PointBeforeOther().Replace(plain, " ${a} ${b}");
        return Split(DashAfterDigit().Replace(plain, "${a} ${b} "));
    }

    /// <summary>Words, punctuation and symbols of any script by their Unicode categories, as mteval-v14; SacreBLEU calls it intl.</summary>
    public static string[] International(string text)
    {
        var plain = PunctuationAfterOther().Replace(text, "${a} ${b} ");
        plain = PunctuationBeforeOther().Replace(plain, " ${a} ${b}");
        return Split(AnySymbol().Replace(plain, " $& "));
    }

    /// <summary>Lower-case words of Latin letters and digits, as Google's rouge_score.</summary>
    /// <param name="text">The text.</param>
    /// <param name="stem">Whether words of more than three letters are reduced to their stems.</param>
    public static string[] Rouge(string text, bool stem)
    {
        var words = Split(NotRouge().Replace(text.ToLowerInvariant(), " "));
        return stem ? [.. words.Select(word => word.Length > 3 ? PorterStemmer.Stem(word) : word)] : words;
    }

    const int Patience = 10_000;

    [GeneratedRegex(@"[{-~\[-` -&(-+:-@/]", RegexOptions.CultureInvariant, Patience)]
    private static partial Regex Symbol();

    [GeneratedRegex("(?<a>[^0-9])(?<b>[.,])", RegexOptions.CultureInvariant, Patience)]
    private static partial Regex PointAfterOther();

    [GeneratedRegex("(?<a>[.,])(?<b>[^0-9])", RegexOptions.CultureInvariant, Patience)]
    private static partial Regex PointBeforeOther();

    [GeneratedRegex("(?<a>[0-9])(?<b>-)", RegexOptions.CultureInvariant, Patience)]
    private static partial Regex DashAfterDigit();

    [GeneratedRegex(@"(?<a>\P{N})(?<b>\p{P})", RegexOptions.CultureInvariant, Patience)]
    private static partial Regex PunctuationAfterOther();

    [GeneratedRegex(@"(?<a>\p{P})(?<b>\P{N})", RegexOptions.CultureInvariant, Patience)]
    private static partial Regex PunctuationBeforeOther();

    [GeneratedRegex(@"\p{S}", RegexOptions.CultureInvariant, Patience)]
    private static partial Regex AnySymbol();

    [GeneratedRegex("[^a-z0-9]+", RegexOptions.CultureInvariant, Patience)]
    private static partial Regex NotRouge();
}
