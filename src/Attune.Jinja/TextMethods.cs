using System.Globalization;
using System.Numerics;
using System.Text;

namespace Attune.Jinja;

/// <summary>The methods of Python's strings.</summary>
static class TextMethods
{
    public static readonly Dictionary<string, Routine> All = Routine.Table(
        Of("upper", LetterCase.Upper),
        Of("lower", LetterCase.Lower),
        Of("casefold", CaseFold),
        Of("title", LetterCase.Title),
        Of("capitalize", LetterCase.Capitalize),
        Of("swapcase", LetterCase.Swap),
        new Routine("strip", ["chars"], (run, self, a) => Strip(run, self, a, start: true, end: true)),
        new Routine("lstrip", ["chars"], (run, self, a) => Strip(run, self, a, start: true, end: false)),
        new Routine("rstrip", ["chars"], (run, self, a) => Strip(run, self, a, start: false, end: true)),
        new Routine("removeprefix", ["prefix"], (_, self, a) =>
            Text(self).StartsWith(a.Text(0), StringComparison.Ordinal) ? Text(self)[a.Text(0).Length..] : self),
        new Routine("removesuffix", ["suffix"], (_, self, a) =>
            Text(self).EndsWith(a.Text(0), StringComparison.Ordinal) ? Text(self)[..^a.Text(0).Length] : self),
        new Routine("split", ["sep", "maxsplit"], (run, self, a) => TextSplitting.Split(run, Text(self), a.TextOrNone(0), a.Whole(1, -1))),
        new Routine("rsplit", ["sep", "maxsplit"], (run, self, a) =>
            TextSplitting.SplitFromEnd(run, Text(self), a.TextOrNone(0), a.Whole(1, -1))),
        new Routine("splitlines", ["keepends"], (run, self, a) => PythonText.Lines(run.Made(Text(self)), a.Flag(0)).ToList<object?>()),
        new Routine("partition", ["sep"], (run, self, a) => TextSplitting.Partition(run, Text(self), a.Text(0))),
        new Routine("rpartition", ["sep"], (run, self, a) => TextSplitting.PartitionFromEnd(run, Text(self), a.Text(0))),
        new Routine("join", ["iterable"], (run, self, a) => Join(run, Text(self), a.Value(0))),
        new Routine("replace", ["old", "new", "count"], (run, self, a) => Replace(run, Text(self), a.Text(0), a.Text(1), a.Whole(2, -1))),
        new Routine("startswith", ["prefix", "start", "end"], (run, self, a) =>
            Begins(run, Part(run, self, a), a, (text, part) => text.StartsWith(part, StringComparison.Ordinal))),
        new Routine("endswith", ["suffix", "start", "end"], (run, self, a) =>
            Begins(run, Part(run, self, a), a, (text, part) => text.EndsWith(part, StringComparison.Ordinal))),
        new Routine("find", ["sub", "start", "end"], (run, self, a) => (BigInteger)Find(run, self, a, last: false)),
        new Routine("rfind", ["sub", "start", "end"], (run, self, a) => (BigInteger)Find(run, self, a, last: true)),
        new Routine("index", ["sub", "start", "end"], (run, self, a) => Index(run, self, a, last: false)),
        new Routine("rindex", ["sub", "start", "end"], (run, self, a) => Index(run, self, a, last: true)),
        new Routine("count", ["sub", "start", "end"], (run, self, a) => (BigInteger)Count(Part(run, self, a) ?? "", a.Text(0))),
        new Routine("center", ["width", "fillchar"], (run, self, a) => Center(run, Text(self), a.Whole(0), a.TextOrNone(1) ?? " ")),
        new Routine("ljust", ["width", "fillchar"], (run, self, a) =>
            Text(self) + Fill(run, Text(self), a.Whole(0), a.TextOrNone(1) ?? " ")),
        new Routine("rjust", ["width", "fillchar"], (run, self, a) =>
            Fill(run, Text(self), a.Whole(0), a.TextOrNone(1) ?? " ") + Text(self)),
        new Routine("zfill", ["width"], (run, self, a) => ZeroFill(run, Text(self), a.Whole(0))),
        new Routine("expandtabs", ["tabsize"], (run, self, a) => ExpandTabs(run, Text(self), a.Whole(0, 8))),
        new Routine("format", ["*"], (run, self, a) => BraceFormat.Apply(run, Text(self), a.Rest, a.Named)),
        new Routine("format_map", ["mapping"], (run, self, a) => BraceFormat.Apply(run, Text(self), [], Names(a.Value(0)))),
        Asks("isalpha", rune => Rune.IsLetter(rune)),
        Asks("isalnum", rune => PythonText.IsAlphanumeric(rune.Value)),
        Asks("isdecimal", rune => Rune.GetUnicodeCategory(rune) == UnicodeCategory.DecimalDigitNumber),
        Asks("isdigit", IsDigit),
        Asks("isnumeric", rune => Rune.IsNumber(rune) || CharUnicodeInfo.GetNumericValue(rune.ToString(), 0) >= 0),
        Asks("isspace", rune => PythonText.IsSpace(rune.Value)),
        Asks("isascii", rune => rune.IsAscii, ofEmpty: true),
        Asks("isprintable", rune => PythonText.IsPrintable(rune.Value), ofEmpty: true),
        new Routine("isidentifier", [], (_, self, _) => IsIdentifier(Text(self))),
        new Routine("islower", [], (_, self, _) => IsLower(Text(self))),
        new Routine("isupper", [], (_, self, _) => IsUpper(Text(self))),
        new Routine("istitle", [], (_, self, _) => IsTitle(Text(self))));

    static string Text(object? self) => (string)self!;

    static string CaseFold(string text) => LetterCase.Lower(text
        .Replace("ß", "ss", StringComparison.Ordinal)
        .Replace("ẞ", "ss", StringComparison.Ordinal)
        .Replace('ς', 'σ'));

    static bool IsTitle(string text) => text.EnumerateRunes().Any(LetterCase.IsCased) && LetterCase.Title(text) == text;

    static Routine Of(string name, Func<string, string> map) => new(name, [], (run, self, _) => run.Made(map(run.Made(Text(self)))));

    static Routine Asks(string name, Func<Rune, bool> holds, bool ofEmpty = false) => new(name, [], (run, self, _) =>
    {
        run.SpendText(Text(self).Length);
        return Text(self).Length == 0 ? ofEmpty : Text(self).EnumerateRunes().All(holds);
    });

    static bool IsDigit(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.DecimalDigitNumber
        || (Rune.GetUnicodeCategory(rune) == UnicodeCategory.OtherNumber && CharUnicodeInfo.GetDigitValue(rune.ToString(), 0) >= 0);

    static bool IsIdentifier(string text) => text.Length > 0 && !char.IsAsciiDigit(text[0])
        && text.EnumerateRunes().All(rune => rune.Value == '_' || PythonText.IsAlphanumeric(rune.Value));

    public static bool IsLower(string text) => text.EnumerateRunes().Any(LetterCase.IsLower)
        && !text.EnumerateRunes().Any(rune => LetterCase.IsCased(rune) && !LetterCase.IsLower(rune));

    public static bool IsUpper(string text) => text.EnumerateRunes().Any(LetterCase.IsUpper)
        && !text.EnumerateRunes().Any(rune => LetterCase.IsCased(rune) && !LetterCase.IsUpper(rune));

    static string Strip(Rendering run, object? self, Bound a, bool start, bool end)
    {
        run.SpendText(Text(self).Length);
        return PythonText.Trim(Text(self), a.TextOrNone(0), start, end);
    }

    /// <summary>The part from start to end that a search uses; null if start is after the text's end.</summary>
    static string? Part(Rendering run, object? self, Bound a)
    {
        var text = Text(self);
        run.SpendText(text.Length);
        if (a.Value(1, null) is null && a.Value(2, null) is null)
            return text;
        var length = PythonText.Length(text);
        if (PythonArithmetic.AsWhole(a.Value(1, null)) > length)
            return null;
        return PythonText.Slice(text, SliceIndices.Resolve(length, a.Value(1, null), a.Value(2, null), null));
    }

    static bool Begins(Rendering run, string? text, Bound a, Func<string, string, bool> begins)
    {
        IEnumerable<object?> parts = a.Value(0) is TupleValue several ? several.Items : [a.Value(0)];
        return parts.Any(part => part is string expected
            ? text is not null && begins(text, run.Made(expected))
            : throw TemplateError.Create($"{a.Routine.Name} first arg must be str or a tuple of str, not {Kinds.NameOf(part)}"));
    }

    static int Find(Rendering run, object? self, Bound a, bool last)
    {
        if (Part(run, self, a) is not { } part)
            return -1;
        var unit = last ? LastIndex(part, a.Text(0)) : part.IndexOf(a.Text(0), StringComparison.Ordinal);
        if (unit < 0)
            return -1;
        var length = PythonText.Length(Text(self));
        return SliceIndices.Resolve(length, a.Value(1, null), null, null).Start + PythonText.CodePointsIn(part.AsSpan(0, unit));
    }

    static int LastIndex(string text, string part) => part.Length == 0 ? text.Length : text.LastIndexOf(part, StringComparison.Ordinal);

    static BigInteger Index(Rendering run, object? self, Bound a, bool last) => Find(run, self, a, last) is >= 0 and var index
        ? index
        : throw TemplateError.Create("substring not found");

    static int Count(string text, string part) => part.Length == 0 ? PythonText.Length(text) + 1 : text.AsSpan().Count(part);

    static string Join(Rendering run, string separator, object? items)
    {
        var text = new StringBuilder();
        foreach (var (index, item) in Kinds.Items(run, items).Index())
        {
            var part = item as string
                ?? throw TemplateError.Create($"sequence item {index}: expected str instance, {Kinds.NameOf(item)} found");
            run.SpendText(part.Length + separator.Length);
            Rendering.Limit(text.Append(index == 0 ? "" : separator).Append(part));
        }
        return text.ToString();
    }

    public static string Replace(Rendering run, string text, string old, string replacement, int count)
    {
        var found = Count(text, old);
        var times = count < 0 ? found : Math.Min(count, found);
        if (times == 0)
            return text;
        run.Reserve(text.Length + (long)times * (replacement.Length - old.Length));
        run.SpendText(text.Length);
        if (times == found && old.Length > 0)
            return text.Replace(old, replacement, StringComparison.Ordinal);
        var result = new StringBuilder();
        var at = 0;
        for (; times > 0; times--)
        {
            var next = old.Length > 0 ? text.IndexOf(old, at, StringComparison.Ordinal) : at;
            result.Append(text, at, next - at).Append(replacement);
            at = next + old.Length;
            if (old.Length == 0 && at < text.Length)
                at = AppendOne(result, text, at);
        }
        return result.Append(text, at, text.Length - at).ToString();
    }

    static int AppendOne(StringBuilder result, string text, int at)
    {
        var units = char.IsHighSurrogate(text[at]) && at + 1 < text.Length ? 2 : 1;
        result.Append(text, at, units);
        return at + units;
    }

    public static string Center(Rendering run, string text, int width, string fill)
    {
        var room = Math.Max(0, width - PythonText.Length(text));
        var left = room / 2 + (room & width & 1);
        return run.Repeated(One(fill), left) + run.Made(text) + run.Repeated(One(fill), room - left);
    }

    static string Fill(Rendering run, string text, int width, string fill) =>
        run.Repeated(One(fill), width - PythonText.Length(run.Made(text)));

    static string One(string fill) => PythonText.Length(fill) == 1
        ? fill
        : throw TemplateError.Create("The fill character must be exactly one character long");

    static string ZeroFill(Rendering run, string text, int width)
    {
        var zeros = run.Repeated("0", width - PythonText.Length(run.Made(text)));
        return text.Length > 0 && text[0] is '+' or '-' ? text[0] + zeros + text[1..] : zeros + text;
    }

    static string ExpandTabs(Rendering run, string text, int size)
    {
        var (result, column) = (new StringBuilder(), 0);
        foreach (var character in PythonText.Characters(run.Made(text)))
        {
            var next = character == "\t" ? run.Repeated(" ", size > 0 ? size - column % size : 0) : character;
            Rendering.Limit(result.Append(next));
            column = character is "\n" or "\r" ? 0 : column + next.Length;
        }
        return result.ToString();
    }

    static Dictionary<string, object?> Names(object? mapping) => mapping is DictValue dict
        ? dict.Items.Where(item => item.Key is string).ToDictionary(item => (string)item.Key!, item => item.Value, StringComparer.Ordinal)
        : throw TemplateError.Create($"format_map: 'mapping' must be a mapping, not {Kinds.NameOf(mapping)}");
}
