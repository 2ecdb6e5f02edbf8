using System.Globalization;
using System.Numerics;

namespace Attune.Jinja;

/// <summary>
/// Splits a template into tokens, as Jinja 3.1 does with trim_blocks (the newline after a block is removed) and lstrip_blocks (white
/// space between the start of a line and a block is removed). <c>-</c> inside a tag removes all white space on its side, <c>+</c> keeps
/// it.
/// </summary>
sealed class Lexer
{
    const int MostNumberLength = 4300;

    static readonly string[] Operators =
    [
        "//", "**", "==", "!=", ">=", "<=",
        "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";",
    ];

    readonly string source;
    readonly List<Token> tokens = [];
    readonly Stack<char> open = new();                             // unclosed brackets
    int at;
    int line = 1;
    int strippedLines;                                             // in white space that a - removed before the tag
    bool lineStarting = true;

    Lexer(string source) => this.source = source;

    /// <exception cref="InvalidDataException">A tag, a comment or a string is not closed, or a character is not valid.</exception>
    public static IReadOnlyList<Token> Read(string template)
    {
        var text = template.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        var lexer = new Lexer(text.EndsWith('\n') ? text[..^1] : text);
        while (lexer.at < lexer.source.Length)
            lexer.ReadDataAndTag();
        lexer.Add(TokenKind.End, "");
        return lexer.tokens;
    }

    void Add(TokenKind kind, string text, object? value = null) => tokens.Add(new(kind, text, line, value));

    bool Has(int i, string text) => i <= source.Length - text.Length && string.CompareOrdinal(source, i, text, 0, text.Length) == 0;

    InvalidDataException Wrong(string problem) => TemplateError.At(line, problem);

    void ReadDataAndTag()
    {
        var tag = FindTag();
        if (tag < 0)
        {
            AddData(source[at..]);
            at = source.Length;
            return;
        }
        var opening = source[tag + 1];
        var rawEnd = opening == '%' ? EndOfRawTag(tag) : -1;
        var sign = tag + 2 < source.Length && source[tag + 2] is '-' or '+' ? source[tag + 2] : ' ';
        AddData(Stripped(source[at..tag], sign, isBlock: opening != '{'));
        line += source.AsSpan(tag, Math.Max(rawEnd - tag, 0)).Count('\n');
        MoveTo(rawEnd >= 0 ? rawEnd : tag + (sign == ' ' ? 2 : 3));
        if (rawEnd >= 0)
            ReadRaw();
        else if (opening == '#')
            ReadComment();
        else
            ReadTag(opening == '%');
    }

    int FindTag()
    {
        for (var i = source.IndexOf('{', at); i >= 0 && i + 1 < source.Length; i = source.IndexOf('{', i + 1))
            if (source[i + 1] is '%' or '{' or '#')
                return i;
        return -1;
    }

    void AddData(string text)
    {
        if (text.Length > 0)
            Add(TokenKind.Data, text);
        line += text.AsSpan().Count('\n');
    }

    string Stripped(string text, char sign, bool isBlock)
    {
        if (sign == '-')
        {
            var stripped = PythonText.TrimEnd(text);
            strippedLines = text.AsSpan(stripped.Length).Count('\n');
            return stripped;
        }
        if (sign == '+' || !isBlock)
            return text;
        var start = text.LastIndexOf('\n') + 1;
        return (start > 0 || lineStarting) && PythonText.TrimEnd(text[start..]).Length == 0 ? text[..start] : text;
    }

    void MoveTo(int end)
    {
        line += strippedLines;
        strippedLines = 0;
        lineStarting = end > 0 && source[end - 1] == '\n';
        at = end;
    }

    /// <summary>The position after <c>{% raw %}</c>; −1 for another tag.</summary>
    int EndOfRawTag(int tag)
    {
        var i = tag + 2;
        if (i < source.Length && source[i] is '-' or '+')
            i++;
        i = SkipSpace(i);
        if (!Has(i, "raw"))
            return -1;
        i = SkipSpace(i + 3);
        if (Has(i, "-%}"))
            return SkipSpace(i + 3);
        return Has(i, "%}") ? i + 2 : -1;
    }

    int SkipSpace(int i)
    {
        while (i < source.Length && PythonText.IsSpace(source[i]))
            i++;
        return i;
    }

    void ReadRaw()
    {
        for (var tag = Next(at); tag >= 0; tag = Next(tag + 2))
        {
            var i = tag + 2;
            var sign = i < source.Length && source[i] is '-' or '+' ? source[i++] : ' ';
            i = SkipSpace(i);
            if (!Has(i, "endraw") || EndOf("%}", SkipSpace(i + 6), trims: true) is not (>= 0 and var end))
                continue;
            AddData(Stripped(source[at..tag], sign, isBlock: true));
            line += source.AsSpan(tag, end - tag).Count('\n');
            MoveTo(end);
            return;
        }
        throw Wrong("Missing end of raw directive");

        int Next(int from) => source.IndexOf("{%", from, StringComparison.Ordinal);
    }

    void ReadComment()
    {
        var end = source.IndexOf("#}", at, StringComparison.Ordinal);
        if (end < 0)
            throw Wrong("Missing end of comment tag");
        if (end > at && source[end - 1] is '-' or '+')
            end--;
        var behind = EndOf("#}", end, trims: true);
        line += source.AsSpan(at, behind - at).Count('\n');
        MoveTo(behind);
    }

    /// <summary>The position after the closing of a tag and the white space that it removes; −1 if the tag does not close here.</summary>
    int EndOf(string closing, int i, bool trims)
    {
        if (Has(i, closing))
            return i + 2 + (trims && i + 2 < source.Length && source[i + 2] == '\n' ? 1 : 0);
        if (!Has(i + 1, closing))
            return -1;
        return source[i] switch
        {
            '-' => SkipSpace(i + 3),
            '+' when trims => i + 3,
            _ => -1,
        };
    }

    void ReadTag(bool isBlock)
    {
        var (closing, end) = isBlock ? ("%}", TokenKind.BlockEnd) : ("}}", TokenKind.VariableEnd);
        Add(isBlock ? TokenKind.BlockBegin : TokenKind.VariableBegin, "");
        open.Clear();
        while (at < source.Length)
        {
            if (open.Count == 0 && EndOf(closing, at, trims: isBlock) is >= 0 and var behind)
            {
                Add(end, "");
                line += source.AsSpan(at, behind - at).Count('\n');
                MoveTo(behind);
                return;
            }
            ReadToken();
        }
    }

    void ReadToken()
    {
        var c = source[at];
        if (PythonText.IsSpace(c))
        {
            line += c == '\n' ? 1 : 0;
            at++;
        }
        else if (char.IsAsciiDigit(c))
            ReadNumber();
        else if (IsWord(at, out _))
            ReadName();
        else if (c is '\'' or '"')
            ReadString(c);
        else
            ReadOperator();
    }

    /// <summary>Whether a character is a letter, a digit or an underscore, of any script.</summary>
    bool IsWord(int i, out int units)
    {
        units = char.IsHighSurrogate(source[i]) && i + 1 < source.Length ? 2 : 1;
        return source[i] == '_' || PythonText.IsAlphanumeric(units == 2 ? char.ConvertToUtf32(source[i], source[i + 1]) : source[i]);
    }

    void ReadName()
    {
        var start = at;
        while (at < source.Length && IsWord(at, out var units))
            at += units;
        Add(TokenKind.Name, source[start..at]);
    }

    void ReadString(char quote)
    {
        var end = at + 1;
        while (end < source.Length && source[end] != quote)
            end += source[end] == '\\' ? 2 : 1;
        if (end >= source.Length)
            throw Wrong($"unexpected char {PythonText.Quoted(quote.ToString())} at {at} (the string is not closed)");
        var body = source[(at + 1)..end];
        Add(TokenKind.String, StringLiteral.Unescape(body, line));
        line += body.AsSpan().Count('\n');
        at = end + 1;
    }

    void ReadNumber()
    {
        var start = at;
        if (source[at] == '0' && at + 1 < source.Length && RadixOf(source[at + 1]) is > 0 and var radix
            && DigitsFrom(at + 2, radix) is var radixEnd && radixEnd > at + 2)
        {
            RequireLength(radixEnd - start);
            at = radixEnd;
            var radixDigits = source[(start + 2)..at].Replace("_", "", StringComparison.Ordinal);
            Add(TokenKind.Number, source[start..at], PythonNumber.Whole(radixDigits, radix));
            return;
        }
        var whole = DigitsFrom(at, 10);
        RequireLength(whole - start);
        var end = FractionAndExponent(whole);
        if (end == whole && source[start] == '0')                  // only zeros may follow 0
            for (end = start + 1; end < whole && source[end] is '0' or '_';)
                end++;
        at = end;
        var digits = source[start..at].Replace("_", "", StringComparison.Ordinal);
        Add(
            TokenKind.Number, digits,
            end > whole ? double.Parse(digits, CultureInfo.InvariantCulture) : BigInteger.Parse(digits, CultureInfo.InvariantCulture));
    }

    void RequireLength(int length)
    {
        if (length > MostNumberLength)
            throw Wrong($"a number must have at most {MostNumberLength} digits (was {length})");
    }

    int FractionAndExponent(int i)
    {
        var isMember = tokens[^1].Is(".");                         // x.0.5 is two members, not 0.5
        if (isMember)
            return i;
        var end = i;
        if (end + 1 < source.Length && source[end] == '.' && char.IsAsciiDigit(source[end + 1]))
            end = DigitsFrom(end + 1, 10);
        if (end < source.Length && source[end] is 'e' or 'E')
        {
            var digits = end + 1 < source.Length && source[end + 1] is '+' or '-' ? end + 2 : end + 1;
            if (digits < source.Length && char.IsAsciiDigit(source[digits]))
                return DigitsFrom(digits, 10);
        }
        return end;
    }

    static int RadixOf(char letter) => letter switch
    {
        'b' or 'B' => 2,
        'o' or 'O' => 8,
        'x' or 'X' => 16,
        _ => 0,
    };

    /// <summary>The position after digits, between which single underscores are allowed.</summary>
    int DigitsFrom(int i, int radix)
    {
        while (i < source.Length && (IsDigit(source[i], radix) || IsSeparator(i)))
            i++;
        return i;

        bool IsSeparator(int at) => source[at] == '_' && at + 1 < source.Length && IsDigit(source[at + 1], radix);
    }

    static bool IsDigit(char c, int radix) => PythonNumber.Digit(c) is >= 0 and var digit && digit < radix;

    void ReadOperator()
    {
        var found = Array.Find(Operators, text => Has(at, text))
            ?? throw Wrong($"unexpected char {PythonText.Quoted(source[at].ToString())} at {at}");
        if (found is "(" or "[" or "{")
            open.Push(found switch { "(" => ')', "[" => ']', _ => '}' });
        else if (found is ")" or "]" or "}")
        {
            if (!open.TryPop(out var expected))
                throw Wrong($"unexpected '{found}'");
            if (expected != found[0])
                throw Wrong($"unexpected '{found}', expected '{expected}'");
        }
        Add(TokenKind.Operator, found);
        at += found.Length;
    }
}
