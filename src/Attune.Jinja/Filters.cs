using System.Numerics;

namespace Attune.Jinja;

/// <summary>Jinja's filters by name, with tojson as in transformers. Not supported are urlize, xmlattr, random and pprint.</summary>
static class Filters
{
    static readonly Dictionary<string, Routine> All = Routine.Table([.. TextFilters.All, .. SequenceFilters.All, .. Own()]);

    static IEnumerable<Routine> Own() =>
    [
        JsonForm.Filter,
        .. Both("default", "d", ["default_value", "boolean"], (_, value, a) =>
            value is Undefined || (a.Flag(1) && !Kinds.IsTrue(value)) ? a.Value(0, "") : value),
        new("attr", ["name"], (_, value, a) => Attribute(value, a.Text(0))),
        new("abs", [], (_, value, _) => Absolute(value)),
        new("int", ["default", "base"], (_, value, a) => ToWhole(value, a)),
        new("float", ["default"], (_, value, a) => ToFloat(value) ?? a.Value(0, 0.0)),
        new("round", ["precision", "method"], (_, value, a) => Round(value, a.Whole(0, 0), a.TextOrNone(1) ?? "common")),
    ];

    public static IEnumerable<Routine> Both(
        string name, string alias, string[] parameters, Func<Rendering, object?, Bound, object?> body) =>
        [new(name, parameters, body), new(alias, parameters, body)];

    public static bool IsKnown(string name) => All.ContainsKey(name);

    public static string Unknown(string name) => $"No filter named {PythonText.Quoted(name)}.";

    public static Routine Get(string name) => All.GetValueOrDefault(name) ?? throw TemplateError.Create(Unknown(name));

    static object? Attribute(object? value, string name) => value is Undefined undefined ? throw undefined.Error()
        : Members.TryAttribute(value, name, out var found) ? found : Undefined.Member(value, name);

    static object Absolute(object? value) => value is double number
        ? Math.Abs(number)
        : BigInteger.Abs(PythonArithmetic.AsWhole(value)
            ?? throw TemplateError.Create($"bad operand type for abs(): '{Kinds.NameOf(value)}'"));

    static object? ToWhole(object? value, Bound a)
    {
        if (value is Undefined undefined)
            throw undefined.Error();
        if (value is string text && PythonNumber.ParseWhole(text, a.Whole(1, 10)) is { } parsed)
            return parsed;
        if (PythonArithmetic.AsWhole(value) is { } whole)
            return whole;
        if (value is double infinite && double.IsInfinity(infinite))
            throw TemplateError.Create("cannot convert float infinity to integer");
        return ToFloat(value) is { } number && double.IsFinite(number) ? PythonArithmetic.Truncate(number) : a.Value(0, BigInteger.Zero);
    }

    static double? ToFloat(object? value) => value switch
    {
        string text => PythonNumber.ParseFloat(text),
        Undefined undefined => throw undefined.Error(),
        _ => PythonArithmetic.IsNumber(value) ? PythonArithmetic.AsFloat(value) : null,
    };

    static object Round(object? value, int precision, string method)
    {
        if (method is not ("common" or "ceil" or "floor"))
            throw TemplateError.Create("method must be common, ceil or floor");
        if (Math.Abs(precision) > 400)
            throw TemplateError.Create("round: the precision must be at most 400");
        if (value is not double && PythonArithmetic.AsWhole(value) is null)
            throw TemplateError.Create($"type {Kinds.NameOf(value)} doesn't define __round__ method");
        if (method == "common")
            return value is double number
                ? PythonNumber.Round(number, precision)
                : RoundWhole(PythonArithmetic.AsWhole(value)!.Value, precision);
        var scale = Math.Pow(10, precision);
        var scaled = PythonArithmetic.AsFloat(value) * scale;
        return (method == "ceil" ? Math.Ceiling(scaled) : Math.Floor(scaled)) / scale;
    }

    /// <summary>Rounds half to even, to tens, hundreds and so on; a precision above 0 has no effect.</summary>
    static BigInteger RoundWhole(BigInteger number, int precision)
    {
        if (precision >= 0)
            return number;
        var unit = BigInteger.Pow(10, -precision);
        var (quotient, rest) = BigInteger.DivRem(BigInteger.Abs(number), unit);
        var half = (rest * 2).CompareTo(unit);
        return number.Sign * (half > 0 || (half == 0 && !quotient.IsEven) ? quotient + 1 : quotient) * unit;
    }
}
