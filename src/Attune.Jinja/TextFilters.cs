using System.Numerics;
using System.Text;

namespace Attune.Jinja;

/// <summary>Filters that return texts.</summary>
static class TextFilters
{
    public static IEnumerable<Routine> All =>
    [
        Of("upper", LetterCase.Upper),
        Of("lower", LetterCase.Lower),
        Of("capitalize", LetterCase.Capitalize),
        Of("title", Title),
        Of("string", text => text),
        Of("safe", text => text),
        Of("forceescape", Escape),
        Of("striptags", StripTags),
        .. Filters.Both("escape", "e", [], (run, value, _) => run.Made(Escape(run.Made(PythonStrings.Str(run, value))))),
        new("trim", ["chars"], (run, value, a) => PythonText.Trim(run.Made(PythonStrings.Str(run, value)), a.TextOrNone(0))),
        new("replace", ["old", "new", "count"], Replace),
        new("center", ["width"], (run, value, a) => TextMethods.Center(run, PythonStrings.Str(run, value), a.Whole(0, 80), " ")),
        new("indent", ["width", "first", "blank"], Indent),
        new("truncate", ["length", "killwords", "end", "leeway"], Truncate),
        new("wordcount", [], (run, value, _) => (BigInteger)WordCount(run.Made(PythonStrings.Str(run, value)))),
        new("wordwrap", ["width", "break_long_words", "wrapstring", "break_on_hyphens"], (run, value, a) =>
            WordWrap.Apply(run, TextOf(value), a.Whole(0, 79), a.Flag(1, true), a.TextOrNone(2) ?? "\n", a.Flag(3, true))),
        new("format", ["*"], (run, value, a) => a.Rest.Count > 0 && a.Named.Count > 0
            ? throw TemplateError.Create("can't handle positional and keyword arguments at the same time")
            : PercentFormat.Apply(
                run, PythonStrings.Str(run, value), a.Named.Count > 0 ? Macro.ToDict(run, a.Named) : new TupleValue(a.Rest))),
        new("urlencode", [], (run, value, _) => run.Made(UrlEncode(run, value))),
        new("filesizeformat", ["binary"], (run, value, a) => FileSize(value, a.Flag(0))),
    ];

    static Routine Of(string name, Func<string, string> map) =>
        new(name, [], (run, value, _) => run.Made(map(run.Made(PythonStrings.Str(run, value)))));
    
    static string Replace(Rendering run, object? value, Bound a) => TextMethods.Replace(
        run, PythonStrings.Str(run, value), PythonStrings.Str(run, a.Value(0)), PythonStrings.Str(run, a.Value(1)),
        a.Value(2, null) is null ? -1 : a.Whole(2));

    /// <summary>The value as text, for filters that accept only a str.</summary>
    static string TextOf(object? value) => value switch
    {
        string text => text,
        Undefined undefined => throw undefined.Error(),
        _ => throw TemplateError.Create($"must be str, not {Kinds.NameOf(value)}"),
    };

    /// <summary>Words start after white space, hyphens and opening brackets.</summary>
    static string Title(string text)
    {
        var (result, start) = (new StringBuilder(), 0);
        while (start < text.Length)
        {
            var isBreak = IsBreak(text[start]);
            var end = start;
            while (end < text.Length && IsBreak(text[end]) == isBreak)
                end++;
            var first = char.IsHighSurrogate(text[start]) && start + 1 < end ? 2 : 1;
            result.Append(LetterCase.Upper(text.Substring(start, first))).Append(LetterCase.Lower(text[(start + first)..end]));
            start = end;
        }
        return result.ToString();

        static bool IsBreak(char unit) => unit is '-' or '(' or '{' or '[' or '<' || PythonText.IsSpace(unit);
    }

    static string Escape(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal)
        .Replace("'", "&#39;", StringComparison.Ordinal).Replace("\"", "&#34;", StringComparison.Ordinal);

    /// <summary>Removes comments, tags and entities, and collapses white space.</summary>
    static string StripTags(string text)
    {
        text = Without(Without(text, "<!--", "-->"), "<", ">");
        var words = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return System.Net.WebUtility.HtmlDecode(words);
    }

    static string Without(string text, string opening, string closing)
    {
        var (result, at) = (new StringBuilder(), 0);
        while (text.IndexOf(opening, at, StringComparison.Ordinal) is >= 0 and var start
            && text.IndexOf(closing, start, StringComparison.Ordinal) is >= 0 and var end)
        {
            result.Append(text, at, start - at);
            at = end + closing.Length;
        }
        return result.Append(text, at, text.Length - at).ToString();
    }

    static object? Indent(Rendering run, object? value, Bound a)
    {
        var indention = a.Value(0, null) as string ?? run.Repeated(" ", a.Whole(0, 4));
        var lines = PythonText.Lines(run.Made(TextOf(value)) + "\n").ToList();
        var (first, blank) = (a.Flag(1), a.Flag(2));
        run.Reserve(((string)value!).Length + (long)lines.Count * indention.Length);
        var rest = lines.Skip(1).Select(line => line.Length > 0 || blank ? indention + line : line);
        return (first ? indention : "") + string.Join('\n', rest.Prepend(lines[0]));
    }

    static object? Truncate(Rendering run, object? value, Bound a)
    {
        var (text, length, ending) = (TextOf(value), a.Whole(0, 255), a.TextOrNone(2) ?? "...");
        var leeway = a.Value(3, null) is null ? 5 : a.Whole(3);
        var room = length - PythonText.Length(ending);
        if (room < 0)
            throw TemplateError.Create($"expected length >= {PythonText.Length(ending)}, got {length}");
        if (leeway < 0)
            throw TemplateError.Create($"expected leeway >= 0, got {leeway}");
        run.SpendText(text.Length);
        if (PythonText.Length(text) <= (long)length + leeway)
            return text;
        var cut = text[..PythonText.UnitOf(text, room)];
        var space = cut.LastIndexOf(' ');
        return (a.Flag(1) || space < 0 ? cut : cut[..space]) + ending;
    }

    static int WordCount(string text)
    {
        var (count, inWord) = (0, false);
        foreach (var rune in text.EnumerateRunes())
        {
            var isWord = rune.Value == '_' || PythonText.IsAlphanumeric(rune.Value);
            count += isWord && !inWord ? 1 : 0;
            inWord = isWord;
        }
        return count;
    }

    static string UrlEncode(Rendering run, object? value)
    {
        if (value is string || Kinds.ItemsOrNull(value) is null)
            return Quote(PythonStrings.Str(run, value), "/");
        var pairs = value is DictValue dict ? new DictView("items", dict).Items : Kinds.Items(run, value);
        return string.Join('&', pairs.Select(pair => Kinds.ToList(run, pair) is [var key, var item]
            ? $"{QuoteForQuery(PythonStrings.Str(run, key))}={QuoteForQuery(PythonStrings.Str(run, item))}"
            : throw TemplateError.Create("urlencode: items must be pairs of a key and a value")));
    }

    static string QuoteForQuery(string text) => Quote(text, "").Replace("%20", "+", StringComparison.Ordinal);

    static string Quote(string text, string safe) => string.Concat(System.Text.Encoding.UTF8.GetBytes(text).Select(unit =>
        char.IsAsciiLetterOrDigit((char)unit) || "_.-~".Contains((char)unit) || safe.Contains((char)unit)
            ? ((char)unit).ToString()
            : $"%{unit:X2}"));

    static string FileSize(object? value, bool binary)
    {
        var size = value is not string text
            ? PythonArithmetic.AsFloat(value)
            : PythonNumber.ParseFloat(text)
                ?? throw TemplateError.Create($"could not convert string to float: {PythonText.Quoted(text)}");
        var unit = binary ? 1024.0 : 1000.0;
        if (size == 1)
            return "1 Byte";
        if (size < unit)
            return $"{PythonArithmetic.Truncate(size)} Bytes";
        string[] prefixes = binary
            ? ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"]
            : ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
        var index = 0;
        for (size /= unit; size >= unit && index < prefixes.Length - 1; index++)
            size /= unit;
        return $"{PythonNumber.Fixed(size, 1)} {prefixes[index]}";
    }
}
