using System.Numerics;

namespace Attune.Jinja;

/// <summary>The types of values, by Python's names.</summary>
static class Kinds
{
    public static string NameOf(object? value) => value switch
    {
        null => "NoneType",
        bool => "bool",
        BigInteger => "int",
        double => "float",
        string => "str",
        List<object?> => "list",
        TupleValue => "tuple",
        DictValue => "dict",
        DictView view => "dict_" + view.Part,
        RangeValue => "range",
        Generator => "generator",
        NamespaceValue => "jinja2.utils.Namespace",
        Loop => "jinja2.runtime.LoopContext",
        Macro => "jinja2.runtime.Macro",
        Cycler => "jinja2.utils.Cycler",
        Joiner => "jinja2.utils.Joiner",
        Undefined => "Undefined",
        _ => "function",
    };

    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        BigInteger number => !number.IsZero,
        double number => number != 0,
        string text => text.Length > 0,
        List<object?> list => list.Count > 0,
        TupleValue tuple => tuple.Items.Count > 0,
        DictValue dict => dict.Count > 0,
        DictView view => view.Dict.Count > 0,
        RangeValue range => range.Count > 0,
        Loop loop => loop.Length > 0,
        _ => true,
    };

    /// <summary>The items of an iterable value; null for other values.</summary>
    public static IEnumerable<object?>? ItemsOrNull(object? value) => value switch
    {
        string text => PythonText.Characters(text),
        List<object?> list => list,
        TupleValue tuple => tuple.Items,
        DictValue dict => dict.Keys,
        DictView view => view.Items,
        RangeValue range => range.Items,
        Generator generator => generator.Rest,
        Loop loop => loop.Rest,
        Undefined => [],
        _ => null,
    };

    /// <summary>The items; each counts as work.</summary>
    public static IEnumerable<object?> Items(Rendering run, object? value)
    {
        foreach (var item in ItemsOrNull(value) ?? throw TemplateError.Create($"'{NameOf(value)}' object is not iterable"))
        {
            run.Spend(1);
            yield return item;
        }
    }

    public static List<object?> ToList(Rendering run, object? value) => [.. Items(run, value)];

    /// <summary>len(); null for values without a length.</summary>
    public static int? LengthOrNull(object? value) => value switch
    {
        string text => PythonText.Length(text),
        List<object?> list => list.Count,
        TupleValue tuple => tuple.Items.Count,
        DictValue dict => dict.Count,
        DictView view => view.Dict.Count,
        RangeValue range => range.Count,
        Loop loop => loop.Length,
        Undefined => 0,
        _ => null,
    };

    public static int Length(Rendering run, object? value)
    {
        if (value is string text)
            run.SpendText(text.Length);
        return LengthOrNull(value) ?? throw TemplateError.Create($"object of type '{NameOf(value)}' has no len()");
    }
}
