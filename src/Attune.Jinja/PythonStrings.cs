using System.Globalization;
using System.Numerics;
using System.Text;

namespace Attune.Jinja;

/// <summary>str() and repr() of values.</summary>
static class PythonStrings
{
    /// <summary>str(): how a value is printed.</summary>
    public static string Str(Rendering run, object? value) => value switch
    {
        string text => text,
        Undefined => "",
        _ => Repr(run, value),
    };

    /// <summary>repr(): how a value is written inside a list.</summary>
    public static string Repr(Rendering run, object? value)
    {
        var text = new StringBuilder();
        Append(run, text, value);
        return text.ToString();
    }

    static void Append(Rendering run, StringBuilder text, object? value)
    {
        Rendering.GuardStack();
        switch (value)
        {
            case List<object?> list:
                AppendAll(run, text, "[", list, "]");
                break;
            case TupleValue tuple:
                AppendAll(run, text, "(", tuple.Items, tuple.Items.Count == 1 ? ",)" : ")");
                break;
            case DictValue dict:
                AppendDict(run, text, dict);
                break;
            case DictView view:
                AppendAll(run, text.Append("dict_").Append(view.Part), "([", [.. view.Items], "])");
                break;
            case NamespaceValue space:
                AppendNamespace(run, text, space);
                break;
            default:
                text.Append(OfScalar(run, value));
                break;
        }
        run.Spend(1);
        Rendering.Limit(text);
    }

    static string OfScalar(Rendering run, object? value) => value switch
    {
        null => "None",
        bool flag => flag ? "True" : "False",
        BigInteger number => number.ToString(CultureInfo.InvariantCulture),
        double number => PythonNumber.Text(number),
        string content => PythonText.Quoted(run.Made(content)),
        Undefined => "Undefined",
        RangeValue range => range.Step.IsOne ? $"range({range.Start}, {range.Stop})" : $"range({range.Start}, {range.Stop}, {range.Step})",
        Macro macro => $"<Macro {PythonText.Quoted(macro.Name)}>",
        Loop loop => $"<LoopContext {loop.Index0 + 1}/{loop.Length}>",
        Generator => "<generator object>",
        Function function => $"<function {function.Routine.Name}>",
        _ => $"<{Kinds.NameOf(value)} object>",
    };

    static void AppendAll(Rendering run, StringBuilder text, string opening, IReadOnlyList<object?> items, string closing)
    {
        text.Append(opening);
        for (var i = 0; i < items.Count; i++)
        {
            text.Append(i == 0 ? "" : ", ");
            Append(run, text, items[i]);
        }
        text.Append(closing);
    }

    static void AppendDict(Rendering run, StringBuilder text, DictValue dict)
    {
        text.Append('{');
        foreach (var (index, (key, value)) in dict.Items.Index())
        {
            text.Append(index == 0 ? "" : ", ");
            Append(run, text, key);
            text.Append(": ");
            Append(run, text, value);
        }
        text.Append('}');
    }

    static void AppendNamespace(Rendering run, StringBuilder text, NamespaceValue space)
    {
        var members = new DictValue(run);
        foreach (var (name, value) in space.Members)
            members.Set(name, value);
        text.Append("<Namespace ");
        AppendDict(run, text, members);
        text.Append('>');
    }
}
