using System.Numerics;

namespace Attune.Jinja;

// None is null, whole numbers are BigInteger, lists are List<object?>; bool, double and string represent themselves.

/// <summary>A tuple; a group of <c>groupby</c> also has names for its two items.</summary>
sealed record TupleValue(IReadOnlyList<object?> Items, bool IsGroup = false);

/// <summary>A dictionary in insertion order.</summary>
sealed class DictValue(Rendering run)
{
    readonly OrderedDictionary<Key, object?> items = new(run.Keys);

    public int Count => items.Count;

    public IEnumerable<object?> Keys => items.Keys.Select(key => key.Value);

    public IEnumerable<object?> Values => items.Values;

    public IEnumerable<(object? Key, object? Value)> Items => items.Select(item => (item.Key.Value, item.Value));

    public bool TryGet(object? key, out object? value) => items.TryGetValue(new(key), out value);

    public void Set(object? key, object? value) => items[new(key)] = value;
}

/// <summary>A key for lookups in a dictionary.</summary>
readonly record struct Key(object? Value);

/// <summary>keys(), values() or items() of a dictionary.</summary>
sealed record DictView(string Part, DictValue Dict)
{
    public IEnumerable<object?> Items => Part switch
    {
        "keys" => Dict.Keys,
        "values" => Dict.Values,
        _ => Dict.Items.Select(item => (object?)new TupleValue([item.Key, item.Value])),
    };
}

/// <summary>range(start, stop, step).</summary>
sealed record RangeValue(BigInteger Start, BigInteger Stop, BigInteger Step)
{
    const int Most = 100_000;

    public int Count
    {
        get
        {
            var span = Step.Sign > 0 ? Stop - Start + Step - 1 : Start - Stop - Step - 1;
            var count = BigInteger.Max(span / BigInteger.Abs(Step), 0);
            return count <= Most
                ? (int)count
                : throw TemplateError.Create($"Range too big. The sandbox blocks ranges larger than MAX_RANGE ({Most}).");
        }
    }

    public IEnumerable<object?> Items
    {
        get
        {
            var count = Count;
            for (var i = 0; i < count; i++)
                yield return Start + i * Step;
        }
    }
}

/// <summary>A generator, which can be iterated once: the result of map, select and similar filters.</summary>
sealed class Generator(IEnumerable<object?> items)
{
    readonly IEnumerator<object?> rest = items.GetEnumerator();

    public IEnumerable<object?> Rest
    {
        get
        {
            while (rest.MoveNext())
                yield return rest.Current;
        }
    }
}

/// <summary>namespace(…): the only object whose members a template can set.</summary>
sealed class NamespaceValue
{
    public Dictionary<string, object?> Members { get; } = new(StringComparer.Ordinal);
}

/// <summary>cycler(…): returns its items in turn.</summary>
sealed class Cycler(IReadOnlyList<object?> items)
{
    public int Position { get; set; }

    public object? Current => items[Position];

    public object? Next()
    {
        var current = Current;
        Position = (Position + 1) % items.Count;
        return current;
    }
}

/// <summary>joiner(separator): empty the first time, then the separator.</summary>
sealed class Joiner(object? separator) : ICallable
{
    bool used;

    public object? Call(Rendering run, Arguments arguments)
    {
        var result = used ? separator : "";
        used = true;
        return result;
    }
}
