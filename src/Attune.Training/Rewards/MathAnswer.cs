using System.Globalization;
using System.Text.RegularExpressions;

namespace Attune.Training.Rewards;

/// <summary>
/// Compares answers that are written in LaTeX. Expressions are normalised as by the evaluation of the MATH data set (Hendrycks et al. 2021,
/// https://arxiv.org/abs/2103.03874) and compared as texts; numbers are compared by value.
/// </summary>
public static partial class MathAnswer
{
    const double Rounding = 1e-9;
    const int Patience = 10_000;

    /// <summary>The content of the last \boxed{…} or \fbox{…} with balanced braces; null for none.</summary>
    public static string? LastBoxed(string text)
    {
        var found = Box().Match(text);                          // from the right
        if (!found.Success)
            return null;
        var (start, depth) = (found.Index + found.Length, 1);
        for (var at = start; at < text.Length; at++)
        {
            depth += text[at] == '{' ? 1 : text[at] == '}' ? -1 : 0;
            if (depth == 0)
                return text[start..at];
        }
        return null;
    }

    /// <summary>Whether two answers are equal.</summary>
    public static bool AreEqual(string one, string other)
    {
        var (a, b) = (Normalise(one), Normalise(other));
        return a.Length > 0 && b.Length > 0 && AreNormalisedEqual(a, b);
    }

    static bool AreNormalisedEqual(string a, string b) =>
        a == b
        || (Number(a) is { } x && Number(b) is { } y && Math.Abs(x - y) <= Rounding * Math.Max(Math.Abs(x), Math.Abs(y)))
        || (Parts(a) is { Count: > 1 } parts && Parts(b) is var others && parts.Count == others.Count && a[0] == b[0] && a[^1] == b[^1]
            && parts.Zip(others).All(pair => AreNormalisedEqual(pair.First, pair.Second)));

    static string Normalise(string text)
    {
        var plain = Ignored().Replace(Unit().Replace(text, ""), "");
        plain = plain.Replace("{,}", ",", StringComparison.Ordinal).Replace("dfrac", "frac", StringComparison.Ordinal)
            .Replace("tfrac", "frac", StringComparison.Ordinal);
        plain = ShortFraction().Replace(plain, @"\frac{${a}}{${b}}");
        plain = ShortRoot().Replace(plain, @"\sqrt{${a}}");
        plain = Name().Replace(plain.TrimEnd('.'), "");
        return PlainText().Replace(plain, "${a}");
    }

    /// <summary>The value of a number, a fraction of numbers or a percentage; null for anything else.</summary>
    static double? Number(string text)
    {
        if (text.EndsWith('%'))
            return Number(text.TrimEnd('%').TrimEnd('\\')) / 100;
        if (text.StartsWith('-'))
            return text.StartsWith("--", StringComparison.Ordinal) ? null : -Number(text[1..]);
        if (Fraction().Match(text) is { Success: true } fraction)
            return Number(fraction.Groups["top"].Value) / Number(fraction.Groups["bottom"].Value);
        return Decimal().IsMatch(text)
            && double.TryParse(text.Replace(",", "", StringComparison.Ordinal), CultureInfo.InvariantCulture, out var number)
                ? number
                : null;
    }

    /// <summary>The parts between commas that are in no inner brackets, without brackets around all.</summary>
    static List<string> Parts(string text)
    {
        var inner = text[0] is '(' or '[' && text[^1] is ')' or ']' ? text[1..^1] : text;
        var (parts, depth, start) = (new List<string>(), 0, 0);
        for (var at = 0; at < inner.Length; at++)
        {
            depth += inner[at] is '(' or '[' or '{' ? 1 : inner[at] is ')' or ']' or '}' ? -1 : 0;
            if (inner[at] == ',' && depth == 0)
            {
                parts.Add(inner[start..at]);
                start = at + 1;
            }
        }
        parts.Add(inner[start..]);
        return parts.TrueForAll(part => part.Length > 0) ? parts : [];
    }

    [GeneratedRegex(@"\\(?:boxed|fbox)\s*\{", RegexOptions.RightToLeft | RegexOptions.CultureInvariant, Patience)]
    private static partial Regex Box();

    /// <summary>White space, dollar signs, spacing commands, sizes of brackets and degrees.</summary>
    [GeneratedRegex(@"\\[!,;: ]|\\(?:left|right)(?![a-zA-Z])|\\?\$|\^\{?\\circ\}?|\s+", RegexOptions.CultureInvariant, Patience)]
    private static partial Regex Ignored();

    /// <summary>A unit that follows a number, such as <c>\text{ cm}</c>.</summary>
    [GeneratedRegex(@"(?<=[\d}])\s*(?:\\[ ,])*\\(?:text|mathrm|mbox)\{[^{}]*\}(?:\^\{?\d\}?)?\s*\.?\s*$",
        RegexOptions.CultureInvariant, Patience)]
    private static partial Regex Unit();

    /// <summary>A fraction, with or without braces.</summary>
    [GeneratedRegex(@"\\frac(?:(?<a>\w)|\{(?<a>[^{}]*)\})(?:(?<b>\w)|\{(?<b>[^{}]*)\})", RegexOptions.CultureInvariant, Patience)]
    private static partial Regex ShortFraction();

    [GeneratedRegex(@"\\sqrt(?<a>\w)", RegexOptions.CultureInvariant, Patience)]
    private static partial Regex ShortRoot();

    /// <summary>A variable and an equals sign before the answer.</summary>
    [GeneratedRegex(@"^[a-zA-Z]{1,2}=", RegexOptions.CultureInvariant, Patience)]
    private static partial Regex Name();

    [GeneratedRegex(@"\\(?:text|mathrm|mbox|textbf)\{(?<a>[^{}]*)\}", RegexOptions.CultureInvariant, Patience)]
    private static partial Regex PlainText();

    [GeneratedRegex(@"^(?:\\frac\{(?<top>[^{}]+)\}\{(?<bottom>[^{}]+)\}|(?<top>[^/]+)/(?<bottom>[^/]+))$",
        RegexOptions.CultureInvariant, Patience)]
    private static partial Regex Fraction();

    [GeneratedRegex(@"^(?:\d{1,3}(?:,\d{3})+|\d*)(?:\.\d+|(?<=\d)\.?)(?:[eE][-+]?\d+)?$", RegexOptions.CultureInvariant, Patience)]
    private static partial Regex Decimal();
}
