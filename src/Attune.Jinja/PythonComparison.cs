using System.Numerics;
using System.Runtime.CompilerServices;

namespace Attune.Jinja;

/// <summary>Equality and order of values, as in Python.</summary>
static class PythonComparison
{
    public static bool AreEqual(Rendering run, object? a, object? b)
    {
        run.Spend(1);
        switch (a, b)
        {
            case (null, null) or (Undefined, Undefined):
                return true;
            case (string x, string y):
                if (x.Length == y.Length)
                    run.SpendText(x.Length);
                return x == y;
            case (List<object?> x, List<object?> y):
                return AreEqualInOrder(run, x, y);
            case (TupleValue x, TupleValue y):
                return AreEqualInOrder(run, x.Items, y.Items);
            case (DictValue x, DictValue y):
                return x.Count == y.Count && x.Items.All(item => y.TryGet(item.Key, out var other) && AreEqual(run, item.Value, other));
            case (RangeValue x, RangeValue y):
                return x.Items.SequenceEqual(y.Items);
            default:
                return PythonArithmetic.IsNumber(a) && PythonArithmetic.IsNumber(b)
                    ? Numbers(a!, b!) == 0
                    : ReferenceEquals(a, b) || (a is Function && Equals(a, b));
        }
    }

    static bool AreEqualInOrder(Rendering run, IReadOnlyList<object?> a, IReadOnlyList<object?> b)
    {
        Rendering.GuardStack();
        if (a.Count != b.Count)
            return false;
        for (var i = 0; i < a.Count; i++)
            if (!AreEqual(run, a[i], b[i]))
                return false;
        return true;
    }

    /// <summary>The order of two numbers; null if one is NaN.</summary>
    static int? Numbers(object a, object b) => (PythonArithmetic.AsWhole(a), PythonArithmetic.AsWhole(b)) switch
    {
        ({ } x, { } y) => x.CompareTo(y),
        ({ } x, null) => -Against((double)b, x),
        (null, { } y) => Against((double)a, y),
        _ => double.IsNaN((double)a) || double.IsNaN((double)b) ? null : ((double)a).CompareTo((double)b),
    };

    static int? Against(double a, BigInteger b)
    {
        if (!double.IsFinite(a))
            return double.IsNaN(a) ? null : Math.Sign(a);
        var floor = new BigInteger(Math.Floor(a));
        return floor != b ? floor.CompareTo(b) : a > Math.Floor(a) ? 1 : 0;
    }

    /// <summary>a &lt; b, a &lt;= b, a &gt; b or a &gt;= b.</summary>
    public static bool Holds(Rendering run, string sign, object? a, object? b)
    {
        var order = Order(run, sign, a, b);
        return sign switch
        {
            "<" => order < 0,
            "<=" => order <= 0,
            ">" => order > 0,
            _ => order >= 0,
        };
    }

    /// <summary>Negative, 0 or positive; null without an order (NaN).</summary>
    public static int? Order(Rendering run, string sign, object? a, object? b)
    {
        run.Spend(1);
        switch (a, b)
        {
            case (string x, string y):
                run.SpendText(Math.Min(x.Length, y.Length));
                return PythonText.Compare(x, y);
            case (List<object?> x, List<object?> y):
                return InOrder(run, sign, x, y);
            case (TupleValue x, TupleValue y):
                return InOrder(run, sign, x.Items, y.Items);
            case (Undefined, _) or (_, Undefined):
                throw (a as Undefined ?? (Undefined)b!).Error();
            default:
                return PythonArithmetic.IsNumber(a) && PythonArithmetic.IsNumber(b)
                    ? Numbers(a!, b!)
                    : throw TemplateError.Create(
                        $"'{sign}' not supported between instances of '{Kinds.NameOf(a)}' and '{Kinds.NameOf(b)}'");
        }
    }

    static int? InOrder(Rendering run, string sign, IReadOnlyList<object?> a, IReadOnlyList<object?> b)
    {
        Rendering.GuardStack();
        for (var i = 0; i < Math.Min(a.Count, b.Count); i++)
            if (!AreEqual(run, a[i], b[i]))
                return Order(run, sign, a[i], b[i]);
        return a.Count.CompareTo(b.Count);
    }

    /// <summary>The items sorted by their keys. Stable, also in reverse order.</summary>
    public static List<object?> Sort(Rendering run, IReadOnlyList<object?> items, Func<object?, object?> keyOf, bool reverse)
    {
        var keyed = items.Select(item => (Key: keyOf(item), Item: item)).ToArray();
        Merge(keyed, new (object?, object?)[keyed.Length], 0, keyed.Length, (a, b) => Holds(run, "<", reverse ? a : b, reverse ? b : a));
        return [.. keyed.Select(pair => pair.Item)];
    }

    /// <summary>A stable merge sort; <paramref name="isAfter"/> returns whether the first key comes after the second.</summary>
    static void Merge(
        (object? Key, object? Item)[] items, (object?, object?)[] room, int start, int end, Func<object?, object?, bool> isAfter)
    {
        if (end - start < 2)
            return;
        var middle = (start + end) / 2;
        Merge(items, room, start, middle, isAfter);
        Merge(items, room, middle, end, isAfter);
        var (left, right) = (start, middle);
        for (var i = start; i < end; i++)
            room[i] = left < middle && (right == end || !isAfter(items[left].Key, items[right].Key)) ? items[left++] : items[right++];
        Array.Copy(room, start, items, start, end - start);
    }

    /// <summary>item in container.</summary>
    public static bool Contains(Rendering run, object? container, object? item)
    {
        switch (container)
        {
            case string text:
                run.SpendText(text.Length);
                var part = item as string
                    ?? throw TemplateError.Create($"'in <string>' requires string as left operand, not {Kinds.NameOf(item)}");
                return text.Contains(part, StringComparison.Ordinal);
            case DictValue dict:
                return dict.TryGet(item, out _);
            case DictView { Part: "keys" } view:
                return view.Dict.TryGet(item, out _);
            default:
                if (Kinds.ItemsOrNull(container) is null)
                    throw TemplateError.Create($"argument of type '{Kinds.NameOf(container)}' is not iterable");
                return Kinds.Items(run, container).Any(other => AreEqual(run, other, item));
        }
    }
}

/// <summary>Compares keys of dictionaries as values; lists and dictionaries cannot be keys.</summary>
sealed class KeyComparer(Rendering run) : IEqualityComparer<Key>
{
    public bool Equals(Key x, Key y) => PythonComparison.AreEqual(run, x.Value, y.Value);

    public int GetHashCode(Key key) => HashOf(key.Value);

    int HashOf(object? value)
    {
        run.Spend(1);
        switch (value)
        {
            case null:
                return 0;
            case string text:
                run.SpendText(text.Length);
                return text.GetHashCode(StringComparison.Ordinal);
            case double number when !double.IsInteger(number):
                return number.GetHashCode();
            case TupleValue tuple:
                Rendering.GuardStack();
                return tuple.Items.Aggregate(17, (hash, item) => HashCode.Combine(hash, HashOf(item)));
            case List<object?> or DictValue:
                throw TemplateError.Create($"unhashable type: '{Kinds.NameOf(value)}'");
            default:
                return PythonArithmetic.AsNumber(value) is { } whole ? whole.GetHashCode() : RuntimeHelpers.GetHashCode(value);
        }
    }
}
