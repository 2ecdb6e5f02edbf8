using System.Globalization;
using System.Numerics;

namespace Attune.Jinja;

/// <summary>Numbers in Python's notation. Whole numbers are <see cref="BigInteger"/>, others <see cref="double"/>.</summary>
static class PythonNumber
{
    /// <summary>repr of a float: the fewest digits that parse to the same float, with an exponent below 1e-4 and from 1e16.</summary>
    public static string Text(double number)
    {
        if (!double.IsFinite(number))
            return double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
        if (number == 0)
            return double.IsNegative(number) ? "-0.0" : "0.0";
        var (digits, exponent) = Shortest(Math.Abs(number));
        var sign = number < 0 ? "-" : "";
        if (exponent is < -4 or >= 16)
            return $"{sign}{digits[0]}{(digits.Length > 1 ? "." + digits[1..] : "")}{Exponent(exponent)}";
        if (exponent < 0)
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        return digits.Length <= exponent + 1
            ? $"{sign}{digits.PadRight(exponent + 1, '0')}.0"
            : $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }

    /// <summary>The shortest digits d and exponent e with d₀.d₁d₂… × 10ᵉ.</summary>
    static (string Digits, int Exponent) Shortest(double number)
    {
        var text = "";
        for (var precision = 0; precision < 17 && (text.Length == 0 || Parse(text) != number); precision++)
            text = number.ToString("E" + precision, CultureInfo.InvariantCulture);
        var e = text.IndexOf('E', StringComparison.Ordinal);
        var digits = text[..e].Replace(".", "", StringComparison.Ordinal).TrimEnd('0');
        var exponent = int.Parse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return (digits.Length == 0 ? "0" : digits, exponent);
        
        static double Parse(string text) => double.Parse(text, CultureInfo.InvariantCulture);
    }

    static string Exponent(int exponent) => $"e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";

    /// <summary>|number| × 10^decimals, computed exactly and rounded half to even to a whole number.</summary>
    static BigInteger Scaled(double number, int decimals)
    {
        var bits = BitConverter.DoubleToInt64Bits(Math.Abs(number));
        var exponent = (int)(bits >> 52);
        var mantissa = new BigInteger(exponent == 0 ? bits : (bits & 0xFFFFFFFFFFFFF) | 0x10000000000000);
        exponent = Math.Max(exponent, 1) - 1075;
        var numerator = mantissa * BigInteger.Pow(10, Math.Max(decimals, 0)) * (exponent > 0 ? BigInteger.One << exponent : 1);
        var denominator = BigInteger.Pow(10, Math.Max(-decimals, 0)) * (exponent < 0 ? BigInteger.One << -exponent : 1);
        var (quotient, rest) = BigInteger.DivRem(numerator, denominator);
        var half = (rest * 2).CompareTo(denominator);
        return half > 0 || (half == 0 && !quotient.IsEven) ? quotient + 1 : quotient;
    }

    /// <summary>%.Nf of a finite number, without sign.</summary>
    public static string Fixed(double number, int decimals)
    {
        var digits = Scaled(number, decimals).ToString(CultureInfo.InvariantCulture).PadLeft(decimals + 1, '0');
        return decimals == 0 ? digits : $"{digits[..^decimals]}.{digits[^decimals..]}";
    }

    /// <summary>%.Ne of a finite number, without sign.</summary>
    public static string Scientific(double number, int decimals)
    {
        var (digits, exponent) = Significant(number, decimals + 1);
        return $"{digits[0]}{(decimals > 0 ? "." + digits[1..] : "")}{Exponent(exponent)}";
    }

    /// <summary>%.Ng of a finite number, without sign; optionally keeps trailing zeros.</summary>
    public static string General(double number, int precision, bool keepZeros = false)
    {
        precision = Math.Max(precision, 1);
        var (_, exponent) = Significant(number, precision);
        var text = exponent >= -4 && exponent < precision ? Fixed(number, precision - 1 - exponent) : Scientific(number, precision - 1);
        if (keepZeros || !text.Contains('.'))
            return text;
        var e = text.IndexOf('e', StringComparison.Ordinal);
        return (e < 0 ? text : text[..e]).TrimEnd('0').TrimEnd('.') + (e < 0 ? "" : text[e..]);
    }

    static (string Digits, int Exponent) Significant(double number, int count)
    {
        if (number == 0)
            return (new string('0', count), 0);
        var exponent = Shortest(Math.Abs(number)).Exponent;
        var digits = Scaled(number, count - 1 - exponent).ToString(CultureInfo.InvariantCulture);
        return digits.Length > count ? (digits[..count], exponent + 1) : (digits, exponent);
    }

    /// <summary>round(number, decimals) of a float.</summary>
    public static double Round(double number, int decimals)
    {
        if (!double.IsFinite(number) || decimals > 330)
            return number;
        var scaled = Scaled(number, Math.Max(decimals, -330));
        return Math.CopySign(double.Parse($"{scaled}E{-decimals}", CultureInfo.InvariantCulture), number);
    }

    /// <summary>The value of a digit or letter in bases up to 36; −1 for other characters.</summary>
    public static int Digit(char c) => c switch
    {
        >= '0' and <= '9' => c - '0',
        >= 'a' and <= 'z' => c - 'a' + 10,
        >= 'A' and <= 'Z' => c - 'A' + 10,
        _ => -1,
    };

    /// <summary>The number with these digits, all of which must be valid in the base.</summary>
    public static BigInteger Whole(string digits, int radix) => radix == 10
        ? BigInteger.Parse(digits, CultureInfo.InvariantCulture)
        : digits.Aggregate(BigInteger.Zero, (number, digit) => number * radix + Digit(digit));

    /// <summary>int(text, radix); null if the text is not such a number.</summary>
    public static BigInteger? ParseWhole(string text, int radix)
    {
        var body = PythonText.Trim(text, null);
        var negative = body.StartsWith('-');
        if (negative || body.StartsWith('+'))
            body = body[1..];
        var prefix = !(body.Length > 1 && body[0] == '0') ? 0
            : char.ToLowerInvariant(body[1]) switch { 'b' => 2, 'o' => 8, 'x' => 16, _ => 0 };
        if (prefix > 0 && (radix == prefix || radix == 0))
            (body, radix) = (body[2..].StartsWith('_') ? body[3..] : body[2..], prefix);
        else if (radix == 0)
            radix = 10;
        if (body.Length is 0 or > 4300 || !HasSingleUnderscores(body))
            return null;
        body = body.Replace("_", "", StringComparison.Ordinal);
        if (!body.All(c => Digit(c) is >= 0 and var digit && digit < radix))
            return null;
        return negative ? -Whole(body, radix) : Whole(body, radix);
    }

    static bool HasSingleUnderscores(string body) =>
        !body.StartsWith('_') && !body.EndsWith('_') && !body.Contains("__", StringComparison.Ordinal);

    /// <summary>float(text); null if the text is not a number.</summary>
    public static double? ParseFloat(string text)
    {
        var body = PythonText.Trim(text, null).ToLowerInvariant();
        var unsigned = body.StartsWith('-') || body.StartsWith('+') ? body[1..] : body;
        if (unsigned is "inf" or "infinity")
            return body[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
        if (unsigned is "nan")
            return double.NaN;
        var hasNumberCharacters = unsigned.Length > 0 && unsigned.All(c => char.IsAsciiDigit(c) || c is '.' or 'e' or '-' or '+' or '_');
        if (!hasNumberCharacters || !HasSingleUnderscores(unsigned))
            return null;
        body = body.Replace("_", "", StringComparison.Ordinal);
        return double.TryParse(body, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
    }
}
