using System.Numerics;

namespace Attune.Jinja;

/// <summary>Python's operators on numbers, strings and lists.</summary>
static class PythonArithmetic
{
    const long MostBits = 1 << 16;

    public static bool IsNumber(object? value) => value is bool or BigInteger or double;

    /// <summary>A whole number, or a bool as 0 or 1; null for any other value.</summary>
    public static BigInteger? AsWhole(object? value) => value switch
    {
        BigInteger number => number,
        bool flag => flag ? BigInteger.One : BigInteger.Zero,
        _ => null,
    };

    /// <summary>The whole number that equals a number; null if there is none.</summary>
    public static BigInteger? AsNumber(object? value) =>
        value is double number && double.IsInteger(number) ? new BigInteger(number) : AsWhole(value);

    public static double AsFloat(object? value) => value switch
    {
        double number => number,
        _ when AsWhole(value) is { } whole => Finite((double)whole),
        _ => throw TemplateError.Create($"must be a number, not {Kinds.NameOf(value)}"),
    };

    static double Finite(double number) =>
        double.IsFinite(number) ? number : throw TemplateError.Create("int too large to convert to float");

    /// <summary>a mod b of two numbers.</summary>
    public static object Rest(object? a, object? b) => (AsWhole(a), AsWhole(b)) switch
    {
        ({ } x, { } y) => OfWholes("%", x, y),
        _ => OfFloats("%", AsFloat(a), AsFloat(b)),
    };

    public static object? Apply(Rendering run, string sign, object? a, object? b)
    {
        if ((a as Undefined ?? b as Undefined) is { } undefined && !(sign == "%" && a is string))
            throw undefined.Error();
        return (sign, a, b) switch
        {
            ("+", string x, string y) => Joined(run, x, y),
            ("+", List<object?> x, List<object?> y) => Joined(run, x, y),
            ("+", TupleValue x, TupleValue y) => new TupleValue(Joined(run, x.Items, y.Items)),
            ("*", string or List<object?> or TupleValue, _) when AsWhole(b) is { } times => Times(run, a!, times),
            ("*", _, string or List<object?> or TupleValue) when AsWhole(a) is { } times => Times(run, b!, times),
            ("%", string format, _) => PercentFormat.Apply(run, format, b),
            _ when AsWhole(a) is { } x && AsWhole(b) is { } y => OfWholes(sign, x, y),
            _ when IsNumber(a) && IsNumber(b) => OfFloats(sign, AsFloat(a), AsFloat(b)),
            ("+", string, _) => throw TemplateError.Create($"can only concatenate str (not \"{Kinds.NameOf(b)}\") to str"),
            _ => throw TemplateError.Create($"unsupported operand type(s) for {sign}: '{Kinds.NameOf(a)}' and '{Kinds.NameOf(b)}'"),
        };
    }

    static string Joined(Rendering run, string a, string b)
    {
        run.Reserve((long)a.Length + b.Length);
        return a + b;
    }

    static List<object?> Joined(Rendering run, IReadOnlyList<object?> a, IReadOnlyList<object?> b)
    {
        run.Spend(a.Count + b.Count);
        return [.. a, .. b];
    }

    static object Times(Rendering run, object value, BigInteger times)
    {
        var count = (long)BigInteger.Max(BigInteger.Min(times, int.MaxValue), 0);
        if (value is string text)
            return run.Repeated(text, count);
        var items = value as IReadOnlyList<object?> ?? ((TupleValue)value).Items;
        run.Spend(items.Count * count);
        List<object?> repeated = [.. Enumerable.Repeat(items, items.Count == 0 ? 0 : (int)count).SelectMany(copy => copy)];
        return value is TupleValue ? new TupleValue(repeated) : repeated;
    }

    static object OfWholes(string sign, BigInteger a, BigInteger b)
    {
        switch (sign)
        {
            case "+":
                return a + b;
            case "-":
                return a - b;
            case "*":
                RequireBits(a.GetBitLength() + b.GetBitLength());
                return a * b;
            case "/":
                return b.IsZero ? throw TemplateError.Create("division by zero") : Quotient(a, b);
            case "//":
                return FloorDivide(a, b);
            case "%":
                return a - FloorDivide(a, b) * b;
            default:
                if (b.Sign < 0)
                    return OfFloats(sign, AsFloat(a), AsFloat(b));
                RequireBits(a.IsZero || a.IsOne ? 1 : BigInteger.Min(b, MostBits + 1) * (a.GetBitLength() - 1));
                return BigInteger.Pow(a, a.IsZero || BigInteger.Abs(a).IsOne ? (int)(b.IsZero ? 0 : 2 - b % 2) : (int)b);
        }
    }

    static void RequireBits(BigInteger bits)
    {
        if (bits > MostBits)
            throw TemplateError.Create($"an int must have at most {MostBits:N0} bits");
    }

    /// <summary>The float nearest to a/b if both fit, or else to the quotient of their leading parts.</summary>
    static double Quotient(BigInteger a, BigInteger b)
    {
        var shift = (int)Math.Max(0, Math.Max(a.GetBitLength(), b.GetBitLength()) - 1000);
        return Finite((double)(a >> shift) / (double)(b >> shift));
    }

    static BigInteger FloorDivide(BigInteger a, BigInteger b)
    {
        if (b.IsZero)
            throw TemplateError.Create("division by zero");
        var (quotient, rest) = BigInteger.DivRem(a, b);
        return !rest.IsZero && rest.Sign != b.Sign ? quotient - 1 : quotient;
    }

    static object OfFloats(string sign, double a, double b)
    {
        if (b == 0 && sign is "/" or "//" or "%")
            throw TemplateError.Create("division by zero");
        return sign switch
        {
            "+" => a + b,
            "-" => a - b,
            "*" => a * b,
            "/" => a / b,
            "//" => FloorDivide(a, b),
            "%" => Modulo(a, b),
            _ => Power(a, b),
        };
    }

    /// <summary>a − (a mod b) is a multiple of b, except for rounding.</summary>
    static double FloorDivide(double a, double b)
    {
        var quotient = (a - Modulo(a, b)) / b;
        return quotient == 0 ? Math.CopySign(0, a / b) : Math.Round(quotient);
    }

    /// <summary>The remainder, with the sign of the divisor.</summary>
    static double Modulo(double a, double b)
    {
        var rest = a % b;
        return rest != 0 && rest < 0 != b < 0 ? rest + b : rest == 0 ? Math.CopySign(0, b) : rest;
    }

    static double Power(double a, double b)
    {
        if (a == 0 && b < 0)
            throw TemplateError.Create("0.0 cannot be raised to a negative power");
        if (a < 0 && double.IsFinite(a) && !double.IsInteger(b) && double.IsFinite(b))
            throw TemplateError.Create("complex numbers are not supported: a negative number cannot be raised to a fractional power");
        var result = Math.Pow(a, b);
        return double.IsInfinity(result) && double.IsFinite(a) && double.IsFinite(b)
            ? throw TemplateError.Create("Numerical result out of range")
            : result;
    }

    public static object Negative(object? value) => value switch
    {
        double number => -number,
        Undefined undefined => throw undefined.Error(),
        _ => -AsWhole(value) ?? throw TemplateError.Create($"bad operand type for unary -: '{Kinds.NameOf(value)}'"),
    };

    public static object Positive(object? value) => value switch
    {
        double number => number,
        Undefined undefined => throw undefined.Error(),
        _ => AsWhole(value) ?? throw TemplateError.Create($"bad operand type for unary +: '{Kinds.NameOf(value)}'"),
    };

    /// <summary>The integer part of a float.</summary>
    public static BigInteger Truncate(double number) => double.IsFinite(number)
        ? new BigInteger(number)
        : throw TemplateError.Create($"cannot convert float {(double.IsNaN(number) ? "NaN" : "infinity")} to integer");
}
