using System.Globalization;
using System.Numerics;
using System.Text;

namespace Attune.Jinja;

/// <summary>json.dumps(value, ensure_ascii, indent, separators, sort_keys), which transformers uses in place of Jinja's tojson.</summary>
sealed class JsonForm(Rendering run, bool ascii, string? indent, string itemSeparator, string keySeparator, bool sortKeys)
{
    readonly StringBuilder text = new();

    public static readonly Routine Filter = new("tojson", ["ensure_ascii", "indent", "separators", "sort_keys"], (run, value, a) =>
    {
        var indent = a.Value(1, null) is { } given ? given as string ?? run.Repeated(" ", a.Whole(1)) : null;
        var separators = a.Value(2, null) is { } pair ? Kinds.ToList(run, pair) : [indent is null ? ", " : ",", ": "];
        if (separators is not [string item, string key])
            throw TemplateError.Create("tojson: 'separators' must be two str");
        return new JsonForm(run, a.Flag(0), indent, item, key, a.Flag(3)).Write(value);
    });

    string Write(object? value)
    {
        Append(value, 0);
        return text.ToString();
    }

    void Append(object? value, int depth)
    {
        Rendering.GuardStack();
        switch (value)
        {
            case string content:
                AppendText(content);
                break;
            case List<object?> list:
                AppendItems('[', list, depth, item => Append(item, depth + 1), ']');
                break;
            case TupleValue tuple:
                AppendItems('[', tuple.Items, depth, item => Append(item, depth + 1), ']');
                break;
            case DictValue dict:
                var keys = dict.Keys.ToList();
                keys = sortKeys ? PythonComparison.Sort(run, keys, key => key, reverse: false) : keys;
                AppendItems('{', keys, depth, key => AppendMember(dict, key, depth), '}');
                break;
            default:
                text.Append(Scalar(value)
                    ?? throw TemplateError.Create($"Object of type {Kinds.NameOf(value).Split('.')[^1]} is not JSON serializable"));
                break;
        }
        run.Spend(1);
        Rendering.Limit(text);
    }

    static string? Scalar(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        BigInteger number => number.ToString(CultureInfo.InvariantCulture),
        double.NaN => "NaN",
        double.PositiveInfinity => "Infinity",
        double.NegativeInfinity => "-Infinity",
        double number => PythonNumber.Text(number),
        _ => null,
    };

    void AppendItems(char opening, IReadOnlyList<object?> items, int depth, Action<object?> append, char closing)
    {
        text.Append(opening);
        for (var i = 0; i < items.Count; i++)
        {
            text.Append(i == 0 ? "" : itemSeparator);
            BreakLine(depth + 1);
            append(items[i]);
        }
        if (items.Count > 0)
            BreakLine(depth);
        text.Append(closing);
    }

    void BreakLine(int depth)
    {
        if (indent is not null)
            text.Append('\n').Append(run.Repeated(indent, depth));
    }

    void AppendMember(DictValue dict, object? key, int depth)
    {
        AppendText(key as string ?? Scalar(key)
            ?? throw TemplateError.Create($"keys must be str, int, float, bool or None, not {Kinds.NameOf(key)}"));
        text.Append(keySeparator);
        dict.TryGet(key, out var value);
        Append(value, depth + 1);
    }

    void AppendText(string content)
    {
        run.Reserve(content.Length);
        text.Append('"');
        foreach (var unit in content)
            AppendUnit(unit);
        text.Append('"');
    }

    void AppendUnit(char unit)
    {
        var index = "\"\\\n\r\t\f\b".IndexOf(unit, StringComparison.Ordinal);
        if (index >= 0)
            text.Append('\\').Append("\"\\nrtfb"[index]);
        else if (unit < 0x20 || (ascii && unit > 0x7E))
            text.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}");
        else
            text.Append(unit);
    }
}
