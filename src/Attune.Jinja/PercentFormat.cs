using System.Globalization;
using System.Numerics;
using System.Text;

namespace Attune.Jinja;

/// <summary>Python's <c>'…' % values</c>.</summary>
sealed class PercentFormat(Rendering run, string format, object? values)
{
    readonly IReadOnlyList<object?> positional = values is TupleValue tuple ? tuple.Items : [values];
    int used;
    int at;

    public static string Apply(Rendering run, string format, object? values) => new PercentFormat(run, format, values).Expand();

    string Expand()
    {
        var text = new StringBuilder();
        var anyNamed = false;
        while (at < format.Length)
        {
            var c = format[at++];
            if (c != '%')
                text.Append(c);
            else if (at < format.Length && format[at] == '%')
            {
                text.Append('%');
                at++;
            }
            else
                text.Append(Field(ref anyNamed));
            Rendering.Limit(text);
        }
        if (!anyNamed && used < positional.Count && values is not (DictValue or List<object?>))
            throw TemplateError.Create("not all arguments converted during string formatting");
        return run.Made(text.ToString());
    }

    string Field(ref bool anyNamed)
    {
        var named = (object?)null;
        var isNamed = Here() == '(';
        if (isNamed)
        {
            anyNamed = true;
            var end = format.IndexOf(')', at);
            if (end < 0)
                throw TemplateError.Create("incomplete format key");
            var key = format[(at + 1)..end];
            if (values is not DictValue dict)
                throw TemplateError.Create("format requires a mapping");
            if (!dict.TryGet(key, out named))
                throw TemplateError.Create($"format: no key {PythonText.Quoted(key)}");
            at = end + 1;
        }
        var flags = "";
        while (Here() is '#' or '0' or '-' or ' ' or '+')
            flags += flags.Length < 16 ? format[at++] : format[at++ - 1];
        var width = Number() ?? 0;
        int? precision = null;
        if (Here() == '.')
        {
            at++;
            precision = Number() ?? 0;
        }
        while (Here() is 'h' or 'l' or 'L')
            at++;
        if (at == format.Length)
            throw TemplateError.Create("incomplete format");
        var spec = new FormatSpec
        {
            Sign = flags.Contains('+') ? '+' : flags.Contains(' ') ? ' ' : '-',
            Alternate = flags.Contains('#'),
            Width = Math.Abs(width),
            Align = flags.Contains('-') || width < 0 ? '<' : flags.Contains('0') ? '=' : '>',
            Fill = flags.Contains('0') && !flags.Contains('-') ? "0" : " ",
        };
        return Convert(spec, precision, format[at++], isNamed ? named : NextValue());
    }

    char Here() => at < format.Length ? format[at] : '\0';

    object? NextValue() =>
        used < positional.Count ? positional[used++] : throw TemplateError.Create("not enough arguments for format string");

    int? Number()
    {
        if (Here() == '*')
        {
            at++;
            return PythonArithmetic.AsWhole(NextValue()) is { } given && BigInteger.Abs(given) <= Rendering.MostText
                ? (int)given
                : throw TemplateError.Create("* wants int");
        }
        var start = at;
        while (char.IsAsciiDigit(Here()))
            at++;
        if (at == start)
            return null;
        return int.TryParse(format.AsSpan(start, at - start), CultureInfo.InvariantCulture, out var number) && number <= Rendering.MostText
            ? number
            : throw TemplateError.Create($"the width and precision of a format must be at most {Rendering.MostText:N0}");
    }

    string Convert(FormatSpec spec, int? precision, char type, object? value)
    {
        var align = spec.Align == '=' ? '>' : spec.Align;
        var ofText = spec with { Precision = precision, Sign = '-', Fill = " ", Align = align, Alternate = false };
        switch (type)
        {
            case 's':
                return ofText.Apply(run, PythonStrings.Str(run, value));
            case 'r' or 'a':
                return ofText.Apply(run, PythonStrings.Repr(run, value));
            case 'c':
                return (ofText with { Precision = null }).Apply(run, value as string ?? char.ConvertFromUtf32((int)Whole(type, value)));
            case 'd' or 'i' or 'u' or 'o' or 'x' or 'X':
                return OfWhole(spec, precision ?? 1, type, value);
            case 'e' or 'E' or 'f' or 'F' or 'g' or 'G':
                return (spec with { Type = type, Precision = precision ?? 6 }).Apply(run, PythonArithmetic.IsNumber(value)
                    ? PythonArithmetic.AsFloat(value)
                    : throw TemplateError.Create($"must be real number, not {Kinds.NameOf(value)}"));
            default:
                throw TemplateError.Create($"unsupported format character '{type}'");
        }
    }

    string OfWhole(FormatSpec spec, int precision, char type, object? value)
    {
        var number = Whole(type, value);
        var radix = type switch { 'o' => 8, 'x' or 'X' => 16, _ => 10 };
        var digits = Digits(BigInteger.Abs(number), radix);
        digits = run.Repeated("0", precision - digits.Length) + (type == 'X' ? digits.ToUpperInvariant() : digits);
        var sign = number.Sign < 0 ? "-" : spec.Sign == '-' ? "" : spec.Sign.ToString();
        sign += spec.Alternate && radix != 10 ? "0" + type : "";
        var room = run.Repeated(spec.Fill, spec.Width - sign.Length - digits.Length);
        return spec.Align switch
        {
            '<' => sign + digits + room,
            '=' => sign + room + digits,
            _ => room + sign + digits,
        };
    }

    static BigInteger Whole(char type, object? value) => value is double number && type is 'd' or 'i' or 'u'
        ? PythonArithmetic.Truncate((double)value!)
        : PythonArithmetic.AsWhole(value)
            ?? throw TemplateError.Create($"%{type} format: a real number is required, not {Kinds.NameOf(value)}");

    /// <summary>The digits of a number that is at least 0.</summary>
    public static string Digits(BigInteger number, int radix)
    {
        if (radix == 10)
            return number.ToString(CultureInfo.InvariantCulture);
        if (number.IsZero)
            return "0";
        var digits = new StringBuilder();
        for (; !number.IsZero; number /= radix)
            digits.Insert(0, "0123456789abcdef"[(int)(number % radix)]);
        return digits.ToString();
    }
}
