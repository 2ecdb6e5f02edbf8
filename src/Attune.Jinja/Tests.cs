using System.Numerics;

namespace Attune.Jinja;

/// <summary>Jinja's tests, <c>value is test</c>, by name.</summary>
static class Tests
{
    static readonly Dictionary<string, Routine> All = Routine.Table(
        new Routine("defined", [], (_, value, _) => value is not Undefined),
        new Routine("undefined", [], (_, value, _) => value is Undefined),
        new Routine("none", [], (_, value, _) => value is null),
        new Routine("boolean", [], (_, value, _) => value is bool),
        new Routine("true", [], (_, value, _) => value is true),
        new Routine("false", [], (_, value, _) => value is false),
        new Routine("integer", [], (_, value, _) => value is BigInteger),
        new Routine("float", [], (_, value, _) => value is double),
        new Routine("number", [], (_, value, _) => PythonArithmetic.IsNumber(value)),
        new Routine("string", [], (_, value, _) => value is string),
        new Routine("mapping", [], (_, value, _) => value is DictValue),
        new Routine("sequence", [], (_, value, _) =>
            value is string or List<object?> or TupleValue or DictValue or RangeValue or Undefined),
        new Routine("iterable", [], (_, value, _) => Kinds.ItemsOrNull(value) is not null),
        new Routine("callable", [], (_, value, _) => value is ICallable or Undefined),
        new Routine("escaped", [], (_, _, _) => false),
        new Routine("odd", [], (_, value, _) => IsMultiple(Rest(value, new BigInteger(2)), 1)),
        new Routine("even", [], (_, value, _) => IsMultiple(Rest(value, new BigInteger(2)), 0)),
        new Routine("divisibleby", ["num"], (_, value, a) => IsMultiple(Rest(value, a.Value(0)), 0)),
        new Routine("lower", [], (run, value, _) => TextMethods.IsLower(PythonStrings.Str(run, value))),
        new Routine("upper", [], (run, value, _) => TextMethods.IsUpper(PythonStrings.Str(run, value))),
        new Routine("sameas", ["other"], (run, value, a) => IsSame(run, value, a.Value(0))),
        new Routine("in", ["seq"], (run, value, a) => PythonComparison.Contains(run, a.Value(0), value)),
        new Routine("filter", [], (_, value, _) => value is string name && Filters.IsKnown(name)),
        new Routine("test", [], (_, value, _) => value is string name && IsKnown(name)))
        .Concat(Comparing("==", "eq", "equalto"))
        .Concat(Comparing("!=", "ne"))
        .Concat(Comparing("<", "lt", "lessthan"))
        .Concat(Comparing("<=", "le"))
        .Concat(Comparing(">", "gt", "greaterthan"))
        .Concat(Comparing(">=", "ge"))
        .ToDictionary(StringComparer.Ordinal);

    public static bool IsKnown(string name) => All.ContainsKey(name);

    public static string Unknown(string name) => $"No test named {PythonText.Quoted(name)}.";

    public static Routine Get(string name) => All.GetValueOrDefault(name) ?? throw TemplateError.Create(Unknown(name));

    static Dictionary<string, Routine> Comparing(string sign, params string[] names) => names.Prepend(sign).ToDictionary(
        name => name,
        name => new Routine(name, ["other"], (run, value, a) => sign switch
        {
            "==" => PythonComparison.AreEqual(run, value, a.Value(0)),
            "!=" => !PythonComparison.AreEqual(run, value, a.Value(0)),
            _ => PythonComparison.Holds(run, sign, value, a.Value(0)),
        }),
        StringComparer.Ordinal);

    static object? Rest(object? value, object? divisor) => value is string
        ? throw TemplateError.Create("not all arguments converted during string formatting")
        : PythonArithmetic.Rest(value, divisor);

    static bool IsMultiple(object? rest, int expected) => PythonArithmetic.AsNumber(rest) == expected;

    /// <summary>Identity: constants are identical when their values are equal, other values when they are the same object.</summary>
    static bool IsSame(Rendering run, object? value, object? other) => value is bool or BigInteger or double or string
        ? value.GetType() == other?.GetType() && PythonComparison.AreEqual(run, value, other)
        : ReferenceEquals(value, other);
}
