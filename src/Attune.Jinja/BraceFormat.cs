using System.Globalization;
using System.Numerics;
using System.Text;

namespace Attune.Jinja;

/// <summary>
/// str.format: fields in braces, with members, conversions and format specifications. Members are those that a template can access.
/// </summary>
sealed class BraceFormat(Rendering run, IReadOnlyList<object?> positional, IReadOnlyDictionary<string, object?> named)
{
    int automatic;                                                 // the next index of {}; −1 when fields have explicit indices

    public static string Apply(
        Rendering run, string format, IReadOnlyList<object?> positional, IReadOnlyDictionary<string, object?> named) =>
        new BraceFormat(run, positional, named).Expand(format, depth: 2);

    string Expand(string format, int depth)
    {
        if (depth == 0)
            throw TemplateError.Create("Max string recursion exceeded");
        var text = new StringBuilder();
        for (var i = 0; i < format.Length;)
        {
            var c = format[i];
            if (c is not ('{' or '}'))
            {
                text.Append(c);
                i++;
            }
            else if (i + 1 < format.Length && format[i + 1] == c)
            {
                text.Append(c);
                i += 2;
            }
            else if (c == '}')
                throw TemplateError.Create("Single '}' encountered in format string");
            else
            {
                var end = EndOfField(format, i + 1);
                text.Append(Field(format[(i + 1)..end], depth));
                i = end + 1;
            }
            Rendering.Limit(text);
        }
        return run.Made(text.ToString());
    }

    static int EndOfField(string format, int i)
    {
        for (var open = 1; i < format.Length; i++)
        {
            open += format[i] switch { '{' => 1, '}' => -1, _ => 0 };
            if (open == 0)
                return i;
        }
        throw TemplateError.Create("expected '}' before end of string");
    }

    string Field(string field, int depth)
    {
        var colon = field.IndexOf(':', StringComparison.Ordinal);
        var (head, spec) = colon < 0 ? (field, "") : (field[..colon], Expand(field[(colon + 1)..], depth - 1));
        var mark = head.LastIndexOf('!');
        var conversion = mark >= 0 ? head[(mark + 1)..] : "";
        var value = Find(mark >= 0 ? head[..mark] : head);
        value = conversion switch
        {
            "" => value,
            "s" => PythonStrings.Str(run, value),
            "r" or "a" => PythonStrings.Repr(run, value),
            _ => throw TemplateError.Create($"Unknown conversion specifier {PythonText.Quoted(conversion)}"),
        };
        return spec.Length == 0 ? PythonStrings.Str(run, value) : FormatSpec.Parse(spec).Apply(run, value);
    }

    object? Find(string path)
    {
        var end = path.AsSpan().IndexOfAny('.', '[') is >= 0 and var first ? first : path.Length;
        var value = Argument(path[..end]);
        while (end < path.Length)
        {
            var isItem = path[end] == '[';
            var stop = isItem ? path.IndexOf(']', end)
                : path.AsSpan(end + 1).IndexOfAny('.', '[') is >= 0 and var next ? end + 1 + next
                : path.Length;
            if (stop < 0)
                throw TemplateError.Create("Missing ']' in format string");
            var name = path[(end + 1)..stop];
            var isIndex = BigInteger.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index);
            value = !isItem ? Members.Attribute(run, value, name) : Members.Item(run, value, isIndex ? index : name);
            if (value is Undefined undefined)
                throw undefined.Error();
            end = isItem ? stop + 1 : stop;
        }
        return value;
    }

    object? Argument(string name)
    {
        if (name.Length > 0 && !name.All(char.IsAsciiDigit))
            return named.TryGetValue(name, out var value)
                ? value
                : throw TemplateError.Create($"format: no argument has the name {PythonText.Quoted(name)}");
        if (name.Length == 0 ? automatic < 0 : automatic > 0)
            throw TemplateError.Create("cannot mix automatic and explicit numbering of fields");
        if (name.Length > 0)
            automatic = -1;
        var index = name.Length == 0 ? automatic++ : int.TryParse(name, CultureInfo.InvariantCulture, out var given) ? given : int.MaxValue;
        return index < positional.Count
            ? positional[index]
            : throw TemplateError.Create($"Replacement index {index} out of range for positional args tuple");
    }
}
