using System.Globalization;
using System.Text;

namespace Attune.Jinja;

/// <summary>Decodes the inside of a quoted string, with Python's escapes.</summary>
static class StringLiteral
{
    public static string Unescape(string body, int line)
    {
        if (!body.Contains('\\'))
            return body;
        var text = new StringBuilder(body.Length);
        for (var i = 0; i < body.Length;)
            i = body[i] == '\\' ? Escape(body, i + 1, text, line) : Plain(body, i, text);
        return text.ToString();
    }

    static int Plain(string body, int i, StringBuilder text)
    {
        text.Append(body[i]);
        return i + 1;
    }

    /// <summary>Appends the character of the escape after a backslash, and returns the position after it.</summary>
    static int Escape(string body, int i, StringBuilder text, int line)
    {
        switch (body[i])
        {
            case 'x':
                return Hexadecimal(body, i, 2, text, line);
            case 'u':
                return Hexadecimal(body, i, 4, text, line);
            case 'U':
                return Hexadecimal(body, i, 8, text, line);
            case >= '0' and <= '7':
                return Octal(body, i, text);
            case 'N':
                throw TemplateError.At(line, "named characters (\\N{…}) are not supported in strings; write \\uXXXX");
        }
        var index = "\nabfnrtv\\'\"".IndexOf(body[i], StringComparison.Ordinal);
        if (index < 0)
            text.Append('\\').Append(body[i]);
        else if (index > 0)                                        // a backslash at the end of a line joins it with the next
            text.Append("\n\a\b\f\n\r\t\v\\'\""[index]);
        return i + 1;
    }

    static int Octal(string body, int i, StringBuilder text)
    {
        var (value, end) = (0, Math.Min(i + 3, body.Length));
        for (; i < end && body[i] is >= '0' and <= '7'; i++)
            value = value * 8 + body[i] - '0';
        text.Append((char)value);
        return i;
    }

    static int Hexadecimal(string body, int i, int digits, StringBuilder text, int line)
    {
        if (i + digits >= body.Length
            || !uint.TryParse(body.AsSpan(i + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            || value > 0x10FFFF)
            throw TemplateError.At(line, $"\\{body[i]} must be followed by {digits} hexadecimal digits of a character");
        if (value > 0xFFFF)
            text.Append(char.ConvertFromUtf32((int)value));
        else
            text.Append((char)value);
        return i + 1 + digits;
    }
}
