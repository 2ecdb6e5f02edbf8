using System.Numerics;

namespace Attune.Jinja;

/// <summary>
/// value.name and value[key]. There is no reflection: the members of every type are listed here, and nothing of .NET can be accessed.
/// Members that Python has and Jinja's sandbox forbids (names with two underscores, methods that change a list or a dictionary) are
/// errors when used.
/// </summary>
static class Members
{
    static readonly Dictionary<string, Routine> OfList = Routine.Table(
        new Routine("index", ["value"], (run, self, a) => Index(run, Kinds.ToList(run, self), a.Value(0))),
        new Routine("count", ["value"], (run, self, a) =>
            (BigInteger)Kinds.Items(run, self).Count(item => PythonComparison.AreEqual(run, item, a.Value(0)))),
        new Routine("copy", [], (run, self, _) => Kinds.ToList(run, self)));

    static readonly Dictionary<string, Routine> OfDict = Routine.Table(
        new Routine("get", ["key", "default"], (_, self, a) =>
            ((DictValue)self!).TryGet(a.Value(0), out var value) ? value : a.Value(1, null)),
        new Routine("keys", [], (_, self, _) => new DictView("keys", (DictValue)self!)),
        new Routine("values", [], (_, self, _) => new DictView("values", (DictValue)self!)),
        new Routine("items", [], (_, self, _) => new DictView("items", (DictValue)self!)),
        new Routine("copy", [], (run, self, _) => Globals.Copy(run, (DictValue)self!)));

    static readonly Dictionary<string, Routine> OfCycler = Routine.Table(
        new Routine("next", [], (_, self, _) => ((Cycler)self!).Next()),
        new Routine("reset", [], (_, self, _) =>
        {
            ((Cycler)self!).Position = 0;
            return null;
        }));

    static readonly Dictionary<string, Routine> OfFloat = Routine.Table(
        new Routine("is_integer", [], (_, self, _) => self is not double number || double.IsInteger(number)));

    static readonly HashSet<string> Changing = new(StringComparer.Ordinal)
    {
        "append", "clear", "pop", "popitem", "reverse", "insert", "sort", "extend", "remove", "setdefault", "update",
    };

    static BigInteger Index(Rendering run, List<object?> list, object? item)
    {
        var index = list.FindIndex(other => PythonComparison.AreEqual(run, other, item));
        return index >= 0 ? index : throw TemplateError.Create($"{PythonStrings.Repr(run, item)} is not in list");
    }

    /// <summary>value.name: an attribute, or else the item with that name.</summary>
    public static object? Attribute(Rendering run, object? value, string name)
    {
        if (value is Undefined undefined)
            throw undefined.Error();
        if (TryAttribute(value, name, out var found))
            return found;
        return value is DictValue dict && dict.TryGet(name, out var item) ? item : Undefined.Member(value, name);
    }

    /// <summary>value[key]: an item, or else the attribute with that name.</summary>
    public static object? Item(Rendering run, object? value, object? key)
    {
        run.Spend(1);
        if (value is Undefined undefined)
            throw undefined.Error();
        if (value is DictValue dict && key is not (List<object?> or DictValue) && dict.TryGet(key, out var item))
            return item;
        if (PythonArithmetic.AsWhole(key) is { } index && TryItem(run, value, index, out var element))
            return element;
        return key is string name && TryAttribute(value, name, out var found) ? found : Undefined.Member(value, key);
    }

    static bool TryItem(Rendering run, object? value, BigInteger index, out object? item)
    {
        item = null;
        var count = value is string or List<object?> or TupleValue or RangeValue ? Kinds.Length(run, value) : 0;
        var at = index < 0 ? index + count : index;
        if (at < 0 || at >= count)
            return false;
        item = value switch
        {
            string text => PythonText.Slice(text, new((int)at, 1, 1)),
            List<object?> list => list[(int)at],
            TupleValue tuple => tuple.Items[(int)at],
            _ => ((RangeValue)value!).Start + at * ((RangeValue)value).Step,
        };
        return true;
    }

    /// <summary>value[start:stop:step].</summary>
    public static object? Slice(Rendering run, object? value, object? start, object? stop, object? step)
    {
        if (value is Undefined undefined)
            throw undefined.Error();
        if (value is not (string or List<object?> or TupleValue or RangeValue))
        {
            var arguments = string.Join(", ", new[] { start, stop, step }.Select(part => PythonStrings.Repr(run, part)));
            return Undefined.Because($"{Kinds.NameOf(value)} object has no element slice({arguments})");
        }
        var slice = SliceIndices.Resolve(Kinds.Length(run, value), start, stop, step);
        run.Spend(value is string ? slice.Count / 16 : slice.Count);
        return value switch
        {
            string text => PythonText.Slice(text, slice),
            List<object?> list => slice.Positions.Select(i => list[i]).ToList(),
            TupleValue tuple => new TupleValue([.. slice.Positions.Select(i => tuple.Items[i])]),
            RangeValue range => new RangeValue(
                range.Start + slice.Start * range.Step,
                range.Start + (slice.Start + slice.Count * slice.Step) * range.Step,
                range.Step * slice.Step),
            _ => null,
        };
    }

    public static bool TryAttribute(object? value, string name, out object? found)
    {
        switch (value)
        {
            case NamespaceValue space when space.Members.TryGetValue(name, out found):
                return true;
            case Loop loop when loop.TryGet(name, out found):
                return true;
            case Macro macro when macro.TryGet(name, out found):
                return true;
            case Cycler cycler when name == "current":
                found = cycler.Current;
                return true;
            case TupleValue { IsGroup: true } group when name is "grouper" or "list":
                found = group.Items[name == "grouper" ? 0 : 1];
                return true;
        }
        found = null;
        if (MethodsOf(value)?.GetValueOrDefault(name) is { } method)
            found = new Function(method, value);
        else if (IsForbidden(value, name))
            found = Undefined.Unsafe(value, name);
        return found is not null;
    }

    static Dictionary<string, Routine>? MethodsOf(object? value) => value switch
    {
        string => TextMethods.All,
        List<object?> or TupleValue or RangeValue => OfList,
        DictValue => OfDict,
        Cycler => OfCycler,
        double or BigInteger => OfFloat,
        _ => null,
    };

    static bool IsForbidden(object? value, string name) =>
        (name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal) && name.Length > 4)
        || (value is List<object?> or DictValue && Changing.Contains(name));
}
