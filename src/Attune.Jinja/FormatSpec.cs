using System.Globalization;
using System.Numerics;

namespace Attune.Jinja;

/// <summary>A format specification of Python's format(): [[fill]align][sign][#][0][width][grouping][.precision][type].</summary>
sealed record FormatSpec
{
    public string Fill { get; init; } = " ";

    /// <summary>&lt;, &gt;, ^ or = (between sign and digits); a space for the default.</summary>
    public char Align { get; init; } = ' ';

    /// <summary>+, a space, or - for no sign before positive numbers.</summary>
    public char Sign { get; init; } = '-';

    public bool Alternate { get; init; }

    public int Width { get; init; }

    /// <summary>The separator between groups of digits.</summary>
    public char Grouping { get; init; }

    public int? Precision { get; init; }

    public char Type { get; init; }

    public static FormatSpec Parse(string text)
    {
        var characters = PythonText.Characters(text).ToList();
        var at = 0;
        var spec = new FormatSpec();
        char Here() => at < characters.Count ? characters[at][0] : '\0';
        if (characters.Count > 1 && characters[1] is "<" or ">" or "^" or "=")
            (spec, at) = (spec with { Fill = characters[0], Align = characters[1][0] }, 2);
        else if (Here() is '<' or '>' or '^' or '=')
            spec = spec with { Align = characters[at++][0] };
        if (Here() is '+' or '-' or ' ')
            spec = spec with { Sign = characters[at++][0] };
        if (Here() == 'z')
            at++;
        if (Here() == '#')
            (spec, at) = (spec with { Alternate = true }, at + 1);
        if (Here() == '0')
            (spec, at) = (spec with { Fill = spec.Align == ' ' ? "0" : spec.Fill, Align = spec.Align == ' ' ? '=' : spec.Align }, at + 1);
        spec = spec with { Width = Number(characters, ref at) ?? 0 };
        if (Here() is ',' or '_')
            spec = spec with { Grouping = characters[at++][0] };
        if (Here() == '.')
        {
            at++;
            spec = spec with { Precision = Number(characters, ref at) ?? throw TemplateError.Create("Format specifier missing precision") };
        }
        if (at < characters.Count)
            spec = spec with { Type = characters[at++][0] };
        return at == characters.Count ? spec : throw TemplateError.Create($"Invalid format specifier {PythonText.Quoted(text)}");
    }

    static int? Number(List<string> characters, ref int at)
    {
        var start = at;
        while (at < characters.Count && char.IsAsciiDigit(characters[at][0]))
            at++;
        if (at == start)
            return null;
        var text = string.Concat(characters[start..at]);
        return int.TryParse(text, CultureInfo.InvariantCulture, out var number) && number <= Rendering.MostText
            ? number
            : throw TemplateError.Create($"the width and precision of a format must be at most {Rendering.MostText:N0}");
    }

    /// <summary>format(value, spec).</summary>
    public string Apply(Rendering run, object? value) => value switch
    {
        string text => OfText(run, text),
        BigInteger or bool when Type is not ('e' or 'E' or 'f' or 'F' or 'g' or 'G' or '%') =>
            OfWhole(run, PythonArithmetic.AsWhole(value)!.Value),
        BigInteger or bool or double => OfFloat(run, PythonArithmetic.AsFloat(value)),
        _ when this == new FormatSpec() => PythonStrings.Str(run, value),
        _ => throw TemplateError.Create($"unsupported format string passed to {Kinds.NameOf(value)}.__format__"),
    };

    string OfText(Rendering run, string text)
    {
        if (Type is not ('\0' or 's'))
            throw Unknown("str");
        if (Align == '=')
            throw TemplateError.Create("'=' alignment not allowed in string format specifier");
        var shown = Precision is { } precision ? text[..PythonText.UnitOf(text, precision)] : text;
        return Padded(run, "", shown, Align == ' ' ? '<' : Align);
    }

    string OfWhole(Rendering run, BigInteger number)
    {
        if (Precision is not null)
            throw TemplateError.Create("Precision not allowed in integer format specifier");
        if (Type == 'c')
            return Padded(run, "", Rune(number), Align == ' ' ? '<' : Align);
        var (radix, prefix) = Type switch
        {
            '\0' or 'd' or 'n' => (10, ""),
            'b' => (2, "0b"),
            'o' => (8, "0o"),
            'x' => (16, "0x"),
            'X' => (16, "0X"),
            _ => throw Unknown("int"),
        };
        var digits = PercentFormat.Digits(BigInteger.Abs(number), radix);
        digits = Type == 'X' ? digits.ToUpperInvariant() : digits;
        return OfNumber(run, number.Sign < 0, Alternate ? prefix : "", digits, radix == 10 ? 3 : 4);
    }

    string OfFloat(Rendering run, double number)
    {
        run.Reserve(Precision ?? 0);
        if (Precision > 5000)
            throw TemplateError.Create("the precision of a format must be at most 5,000");
        var text = double.IsFinite(number) ? Finite(Math.Abs(number)) : double.IsNaN(number) ? "nan" : "inf";
        text = Type is 'E' or 'F' or 'G' ? text.ToUpperInvariant() : text;
        return OfNumber(run, double.IsNegative(number) && !double.IsNaN(number), "", text, 3);
    }

    string Finite(double number) => Type switch
    {
        '\0' => Precision is { } precision
            ? AtLeastOneDecimal(PythonNumber.General(number, precision, Alternate))
            : PythonNumber.Text(number),
        'f' or 'F' => PythonNumber.Fixed(number, Precision ?? 6),
        'e' or 'E' => PythonNumber.Scientific(number, Precision ?? 6),
        'g' or 'G' or 'n' => PythonNumber.General(number, Precision ?? 6, Alternate),
        '%' => PythonNumber.Fixed(number * 100, Precision ?? 6) + "%",
        _ => throw Unknown("float"),
    };

    static string AtLeastOneDecimal(string text) => text.Contains('.') || text.Contains('e') ? text : text + ".0";

    string OfNumber(Rendering run, bool isNegative, string prefix, string text, int group)
    {
        var sign = (isNegative ? "-" : Sign == '-' ? "" : Sign.ToString()) + prefix;
        var whole = text.AsSpan().IndexOfAnyExceptInRange('0', '9') is >= 0 and var end && group == 3 ? text[..end] : text;
        var fraction = text[whole.Length..];
        if (Grouping != '\0')
        {
            if (Fill == "0" && Align == '=')
                whole = run.Repeated("0", ZerosFor(whole.Length, group, Width - sign.Length - fraction.Length)) + whole;
            whole = Grouped(whole, group);
        }
        return Padded(run, sign, whole + fraction, Align == ' ' ? '>' : Align);
    }

    /// <summary>The number of zeros that fill a width, with the separators between groups.</summary>
    static int ZerosFor(int digits, int group, int width)
    {
        var count = Math.Max(digits, width - width / group - 2);   // a lower bound
        while (count + (count - 1) / group < width)
            count++;
        return count - digits;
    }

    string Grouped(string digits, int size)
    {
        var first = digits.Length % size;
        var groups = digits[first..].Chunk(size).Select(chunk => new string(chunk));
        return string.Join(Grouping, first > 0 ? groups.Prepend(digits[..first]) : groups);
    }

    string Padded(Rendering run, string sign, string text, char align)
    {
        var room = Width - PythonText.Length(sign) - PythonText.Length(text);
        if (room <= 0)
            return run.Made(sign + text);
        var left = align switch { '<' => 0, '^' => room / 2, _ => room };
        var (before, behind) = (run.Repeated(Fill, left), run.Repeated(Fill, room - left));
        return align == '=' ? sign + before + text : before + sign + text + behind;
    }

    static string Rune(BigInteger number) => number >= 0 && number <= 0x10FFFF && System.Text.Rune.IsValid((int)number)
        ? char.ConvertFromUtf32((int)number)
        : throw TemplateError.Create("%c arg not in range(0x110000)");

    InvalidDataException Unknown(string kind) =>
        TemplateError.Create($"Unknown format code {PythonText.Quoted(Type.ToString())} for object of type '{kind}'");
}
