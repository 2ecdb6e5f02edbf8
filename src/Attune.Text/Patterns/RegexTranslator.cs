using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Attune.Text;

/// <summary>
/// Translates a regular expression from Oniguruma's default syntax to .NET's, with a placeholder (the n-th letter of the private use
/// area) for the n-th set of code points. Not supported: back references, conditionals, named sets other than general categories.
/// </summary>
sealed class RegexTranslator
{
    readonly string pattern;
    readonly StringBuilder output = new();
    readonly List<CodePointSet> sets = [];
    int at;
    bool ignoreCase;

    RegexTranslator(string pattern) => this.pattern = pattern;

    public static (string Regex, IReadOnlyList<CodePointSet> Sets) Translate(string pattern)
    {
        var translator = new RegexTranslator(pattern);
        translator.Alternatives();
        if (translator.at < pattern.Length)
            throw translator.Refused("an unexpected ')'");
        return (translator.output.ToString(), translator.sets);
    }

    bool Ended => at == pattern.Length;

    bool Take(string text)
    {
        if (string.CompareOrdinal(pattern, at, text, 0, text.Length) != 0)
            return false;
        at += text.Length;
        return true;
    }

    InvalidDataException Refused(string what) =>
        new($"the regular expression {Shown(pattern)} has {what} at character {at}, which is not supported");

    public static string Shown(string pattern) => pattern.Length <= 200 ? pattern : pattern[..200] + "…";

    void Alternatives()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw Refused("groups nested too deep");
        var outer = ignoreCase;
        while (!Ended && pattern[at] != ')')
        {
            if (Take("|"))
                output.Append('|');
            else
                Term();
        }
        ignoreCase = outer;
    }

    void Term()
    {
        var start = output.Length;
        if (Take("("))
            Group();
        else if (Take("["))
            Emit(Class());
        else if (Take("\\"))
            Escape();
        else if (Take("."))
            Emit(NamedSets.NewLine.Complement());
        else if (Take("^"))
            output.Append($"(?:\\A|(?<={Placeholder(NamedSets.NewLine)}))");
        else if (Take("$"))
            output.Append($"(?:\\z|(?={Placeholder(NamedSets.NewLine)}))");
        else if (Quantifier() is not null)
            throw Refused("a quantifier with nothing before it");
        else
            EmitCased(Single(CodePoint()));
        while (Quantifier() is { } quantifier)
            Repeat(start, quantifier);
    }

    void Repeat(int start, string quantifier)
    {
        var possessive = quantifier[^1] != '}' && Take("+");
        output.Insert(start, possessive ? "(?>(?:" : "(?:").Append(')').Append(quantifier);
        if (possessive)
            output.Append(')');
        else if (Take("?"))
            output.Append('?');
    }

    /// <summary>One of * + ? {n} {n,} {n,m} {,m}, the last written as {0,m}; null if there is none here.</summary>
    string? Quantifier()
    {
        if (Take("*") || Take("+") || Take("?"))
            return pattern[at - 1].ToString();
        var close = Ended || pattern[at] != '{' ? -1 : pattern.IndexOf('}', at);
        if (close < 0)
            return null;
        var bounds = pattern[(at + 1)..close].Split(',');
        if (bounds.Length > 2 || bounds.All(bound => bound.Length == 0) || bounds.Any(bound => !bound.All(char.IsAsciiDigit)))
            return null;
        at = close + 1;
        return bounds.Length == 1 ? $"{{{bounds[0]}}}" : $"{{{(bounds[0].Length == 0 ? "0" : bounds[0])},{bounds[1]}}}";
    }

    void Group()
    {
        var outer = ignoreCase;
        if (!Take("?"))
            output.Append("(?:");
        else if (Take(":"))
            output.Append("(?:");
        else if (Take("=") || Take("!") || Take(">") || Take("<=") || Take("<!"))
            output.Append("(?").Append(pattern[at - 2] == '<' ? "<" : "").Append(pattern[at - 1]);
        else if (Take("i:"))
        {
            ignoreCase = true;
            output.Append("(?:");
        }
        else if (Take("i)"))
        {
            ignoreCase = true;
            return;                                                // applies to the end of the enclosing group
        }
        else
            throw Refused("a group that is not plain, atomic, a look-around or (?i)");
        Alternatives();
        if (!Take(")"))
            throw Refused("no ')' for an earlier '('");
        output.Append(')');
        ignoreCase = outer;
    }

    void Escape()
    {
        if (Ended)
            throw Refused("a lone backslash");
        if (Take("b"))
            Boundary("(?:(?<={0})(?!{0})|(?<!{0})(?={0}))");
        else if (Take("B"))
            Boundary("(?:(?<={0})(?={0})|(?<!{0})(?!{0}))");
        else if (Take("A") || Take("z"))
            output.Append('\\').Append(pattern[at - 1]);
        else if (Take("Z"))
            output.Append($"(?={Placeholder(NamedSets.NewLine)}?\\z)");
        else if (EscapedSet() is { } set)
            Emit(set);
        else
            EmitCased(Single(EscapedCodePoint()));
    }

    void Boundary(string format) => output.Append(string.Format(CultureInfo.InvariantCulture, format, Placeholder(NamedSets.Word)));

    CodePointSet? EscapedSet()
    {
        if (NamedSets.OfEscape(pattern[at]) is { } set)
        {
            at++;
            return set;
        }
        var negative = pattern[at] == 'P';
        if (!Take("p{") && !Take("P{"))
            return null;
        negative ^= Take("^");
        var close = pattern.IndexOf('}', at);
        var named = close < 0 ? null : NamedSets.OfCategory(pattern[at..close]);
        if (named is null)
            throw Refused("a property that is not a general category (such as L or Lu)");
        at = close + 1;
        return negative ? named.Complement() : named;
    }

    int EscapedCodePoint()
    {
        var letter = CodePoint();
        return letter switch
        {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'f' => '\f',
            'v' => '\v',
            'a' => '\a',
            'e' => 0x1B,
            'x' when Take("{") => Hexadecimal(until: '}'),
            'x' => Hexadecimal(digits: 2),
            'u' => Hexadecimal(digits: 4),
            _ when letter < 128 && char.IsAsciiLetterOrDigit((char)letter) => throw Refused($"the escape \\{(char)letter}"),
            _ => letter,
        };
    }

    int Hexadecimal(int digits = 0, char until = '\0')
    {
        var end = until == '\0' ? Math.Min(at + digits, pattern.Length) : pattern.IndexOf(until, at);
        var spelled = end < 0 ? "" : pattern[at..end];
        if (!int.TryParse(spelled, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            || value is < 0 or >= CodePointSet.End)
            throw Refused("an invalid hexadecimal code point");
        at = until == '\0' ? end : end + 1;
        return value;
    }

    int CodePoint()
    {
        if (Ended || !Rune.TryGetRuneAt(pattern, at, out var rune))
            throw Refused("a missing character");
        at += rune.Utf16SequenceLength;
        return rune.Value;
    }

    /// <summary>A class after its '['. Classes nest, and &amp;&amp; intersects the sets on its two sides.</summary>
    CodePointSet Class()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw Refused("classes nested too deep");
        var negative = Take("^");
        var (whole, part) = ((CodePointSet?)null, CodePointSet.Empty);
        for (var first = true; first || !Take("]"); first = false)
        {
            if (Ended)
                throw Refused("no ']' for an earlier '['");
            if (Take("&&"))
                (whole, part) = (whole is null ? part : whole.Intersect(part), CodePointSet.Empty);
            else if (string.CompareOrdinal(pattern, at, "[:", 0, 2) == 0)
                throw Refused("a bracket expression");
            else
                part = part.Union(Take("[") ? Class() : ClassItem());
        }
        var set = whole is null ? part : whole.Intersect(part);
        if (ignoreCase)
            set = set.IgnoringCase();
        return negative ? set.Complement() : set;
    }

    CodePointSet ClassItem()
    {
        var escaped = Take("\\");
        if (Ended)
            throw Refused("no ']' for an earlier '['");
        if (escaped && EscapedSet() is { } set)
            return set;
        var first = escaped ? EscapedCodePoint() : CodePoint();
        if (at + 1 >= pattern.Length || pattern[at] != '-' || pattern[at + 1] == ']')
            return Single(first);
        at++;
        var last = Take("\\") ? EscapedCodePoint() : CodePoint();
        return last >= first ? CodePointSet.Range(first, last) : throw Refused("a range in reverse order");
    }

    static CodePointSet Single(int codePoint) => CodePointSet.Range(codePoint, codePoint);

    void EmitCased(CodePointSet set) => Emit(ignoreCase ? set.IgnoringCase() : set);

    void Emit(CodePointSet set) => output.Append(Placeholder(set));

    char Placeholder(CodePointSet set)
    {
        if (sets.Count == PrivateAlphabet.Size)
            throw Refused("too many sets of characters");
        sets.Add(set);
        return (char)(PrivateAlphabet.First + sets.Count - 1);
    }
}
