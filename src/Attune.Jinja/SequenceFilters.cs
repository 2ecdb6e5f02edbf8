using System.Numerics;
using System.Text;

namespace Attune.Jinja;

/// <summary>Filters of lists, dictionaries and other iterables.</summary>
static class SequenceFilters
{
    public static IEnumerable<Routine> All =>
    [
        .. Filters.Both("length", "count", [], (run, value, _) => (BigInteger)Kinds.Length(run, value)),
        new("list", [], (run, value, _) => Kinds.ToList(run, value)),
        new("first", [], (run, value, _) => FirstOr(Kinds.Items(run, value), "No first item, sequence was empty.")),
        new("last", [], (run, value, _) =>
            FirstOr(Reversed(run, value) ?? throw NotReversible(value), "No last item, sequence was empty.")),
        new("reverse", [], (run, value, _) => value is string text
            ? string.Concat(PythonText.Characters(run.Made(text)).Reverse())
            : new Generator(Reversed(run, value) ?? Enumerable.Reverse(Kinds.ToList(run, value)))),
        new("join", ["d", "attribute"], Join),
        new("map", ["*"], (run, value, a) => new Generator(Map(run, value, a))),
        new("select", ["*"], (run, value, a) => Select(run, value, item => item, a.Rest, a, expected: true)),
        new("reject", ["*"], (run, value, a) => Select(run, value, item => item, a.Rest, a, expected: false)),
        new("selectattr", ["*"], (run, value, a) => SelectByAttribute(run, value, a, expected: true)),
        new("rejectattr", ["*"], (run, value, a) => SelectByAttribute(run, value, a, expected: false)),
        new("sort", ["reverse", "case_sensitive", "attribute"], (run, value, a) => PythonComparison.Sort(
            run, Kinds.ToList(run, value), Keys(run, a.Value(2, null), a.Flag(1)), a.Flag(0))),
        new("dictsort", ["case_sensitive", "by", "reverse"], DictSort),
        new("items", [], (run, value, _) => new Generator(value switch
        {
            DictValue dict => new DictView("items", dict).Items,
            Undefined => [],
            _ => throw TemplateError.Create("Can only get item pairs from a mapping."),
        })),
        new("unique", ["case_sensitive", "attribute"], (run, value, a) => new Generator(
            Kinds.Items(run, value).DistinctBy(item => new Key(Key(run, a.Value(1, null), a.Flag(0))(item)), run.Keys))),
        new("min", ["case_sensitive", "attribute"], (run, value, a) => Extreme(run, value, a, "<")),
        new("max", ["case_sensitive", "attribute"], (run, value, a) => Extreme(run, value, a, ">")),
        new("sum", ["attribute", "start"], (run, value, a) => Kinds.Items(run, value).Select(Getter(run, a.Value(0, null)))
            .Aggregate(a.Value(1, BigInteger.Zero), (sum, item) => PythonArithmetic.Apply(run, "+", sum, item))),
        new("groupby", ["attribute", "default", "case_sensitive"], GroupBy),
        new("batch", ["linecount", "fill_with"], (run, value, a) => new Generator(Batch(run, value, a.Whole(0), a.Value(1, null)))),
        new("slice", ["slices", "fill_with"], (run, value, a) =>
            new Generator(Slices(run, Kinds.ToList(run, value), a.Whole(0), a.Value(1, null)))),
    ];

    static object? FirstOr(IEnumerable<object?> items, string problem)
    {
        foreach (var item in items)
            return item;
        return Undefined.Because(problem);
    }

    /// <summary>The items in reverse order; null for values that can only be read forwards.</summary>
    static IEnumerable<object?>? Reversed(Rendering run, object? value) =>
        value is string or List<object?> or TupleValue or DictValue or DictView or RangeValue
            ? Enumerable.Reverse(Kinds.ToList(run, value))
            : null;

    static InvalidDataException NotReversible(object? value) => value is Undefined undefined
        ? undefined.Error()
        : TemplateError.Create($"'{Kinds.NameOf(value)}' object is not reversible");

    static object? Join(Rendering run, object? value, Bound a)
    {
        var (text, separator) = (new StringBuilder(), PythonStrings.Str(run, a.Value(0, "")));
        foreach (var (index, item) in Kinds.Items(run, value).Select(Getter(run, a.Value(1, null))).Index())
        {
            var part = PythonStrings.Str(run, item);
            run.SpendText(part.Length + separator.Length);
            Rendering.Limit(text.Append(index == 0 ? "" : separator).Append(part));
        }
        return text.ToString();
    }

    static IEnumerable<object?> Map(Rendering run, object? value, Bound a)
    {
        if (a.Rest.Count == 0 && a.Named.TryGetValue("attribute", out var attribute))
        {
            if (a.Named.Keys.FirstOrDefault(name => name is not ("attribute" or "default")) is { } unexpected)
                throw TemplateError.Create($"Unexpected keyword argument {PythonText.Quoted(unexpected)}");
            return Kinds.Items(run, value).Select(Getter(run, attribute, a.Named.GetValueOrDefault("default")));
        }
        if (a.Rest is not [string name, ..])
            throw TemplateError.Create("map requires a filter argument");
        var filter = Filters.Get(name);
        var arguments = new Arguments([.. a.Rest.Skip(1)], a.Named);
        return Kinds.Items(run, value).Select(item => filter.Call(run, item, arguments));
    }

    static Generator Select(Rendering run, object? value, Func<object?, object?> of, IReadOnlyList<object?> test, Bound a, bool expected)
    {
        if (test.Count == 0)
            return new(Kinds.Items(run, value).Where(item => Kinds.IsTrue(of(item)) == expected));
        var routine = Tests.Get(test[0] as string ?? throw TemplateError.Create($"{a.Routine.Name}: needs the name of a test"));
        var arguments = new Arguments([.. test.Skip(1)], a.Named);
        return new(Kinds.Items(run, value).Where(item => Kinds.IsTrue(routine.Call(run, of(item), arguments)) == expected));
    }

    static Generator SelectByAttribute(Rendering run, object? value, Bound a, bool expected) => a.Rest.Count == 0
        ? throw TemplateError.Create("Missing parameter for attribute name")
        : Select(run, value, Getter(run, a.Rest[0]), [.. a.Rest.Skip(1)], a, expected);

    /// <summary>Follows a path such as "a.b.0" from an item; without a path returns the item.</summary>
    static Func<object?, object?> Getter(Rendering run, object? attribute, object? otherwise = null)
    {
        object?[] path = attribute switch
        {
            null => [],
            string text => [.. text.Split('.').Select(part => IsIndex(part) ? (object)BigInteger.Parse(part) : part)],
            _ => [attribute],
        };
        return item =>
        {
            foreach (var part in path)
            {
                item = Members.Item(run, item, part);
                if (item is Undefined && otherwise is not null)
                    item = otherwise;
            }
            return item;
        };
    }

    static bool IsIndex(string part) => part.Length is > 0 and < 9 && part.All(char.IsAsciiDigit);
    
    static object? IgnoringCase(object? value, bool caseSensitive) =>
        value is string text && !caseSensitive ? LetterCase.Lower(text) : value;

    static Func<object?, object?> Key(Rendering run, object? attribute, bool caseSensitive)
    {
        var getter = Getter(run, attribute);
        return item => IgnoringCase(getter(item), caseSensitive);
    }

    /// <summary>Sort keys of several attributes separated by commas.</summary>
    static Func<object?, object?> Keys(Rendering run, object? attribute, bool caseSensitive)
    {
        object?[] attributes = attribute is string text ? text.Split(',') : [attribute];
        var keys = attributes.Select(part => Key(run, part, caseSensitive)).ToList();
        return item => new TupleValue([.. keys.Select(key => key(item))]);
    }

    static object? DictSort(Rendering run, object? value, Bound a)
    {
        if (value is not DictValue dict)
            throw value is Undefined undefined
                ? undefined.Error()
                : TemplateError.Create($"'{Kinds.NameOf(value)}' object has no attribute 'items'");
        var part = (a.Value(1, "key") as string) switch
        {
            "key" => 0,
            "value" => 1,
            _ => throw TemplateError.Create("You can only sort by either \"key\" or \"value\""),
        };
        List<object?> items = [.. new DictView("items", dict).Items];
        return PythonComparison.Sort(run, items, item => IgnoringCase(((TupleValue)item!).Items[part], a.Flag(0)), a.Flag(2));
    }

    static object? Extreme(Rendering run, object? value, Bound a, string sign)
    {
        var key = Key(run, a.Value(1, null), a.Flag(0));
        var (best, bestKey, any) = ((object?)null, (object?)null, false);
        foreach (var item in Kinds.Items(run, value))
        {
            var own = key(item);
            if (!any || PythonComparison.Holds(run, sign, own, bestKey))
                (best, bestKey, any) = (item, own, true);
        }
        return any ? best : Undefined.Because("No aggregated item, sequence was empty.");
    }

    static object? GroupBy(Rendering run, object? value, Bound a)
    {
        var getter = Getter(run, a.Value(0), a.Value(1, null));
        Func<object?, object?> key = item => IgnoringCase(getter(item), a.Flag(2));
        var groups = new List<object?>();
        var (members, last) = (new List<object?>(), (object?)null);
        foreach (var item in PythonComparison.Sort(run, Kinds.ToList(run, value), key, reverse: false))
        {
            if (groups.Count == 0 || !PythonComparison.AreEqual(run, last, key(item)))
                groups.Add(new TupleValue([getter(item), members = []], IsGroup: true));
            members.Add(item);
            last = key(item);
        }
        return groups;
    }

    static IEnumerable<object?> Batch(Rendering run, object? value, int size, object? fill)
    {
        var batch = new List<object?>();
        foreach (var item in Kinds.Items(run, value))
        {
            if (batch.Count == size)
            {
                yield return batch;
                batch = [];
            }
            batch.Add(item);
        }
        if (batch.Count == 0)
            yield break;
        if (fill is not null && batch.Count < size)
        {
            run.Spend(size - batch.Count);
            batch.AddRange(Enumerable.Repeat(fill, size - batch.Count));
        }
        yield return batch;
    }

    static IEnumerable<object?> Slices(Rendering run, List<object?> items, int count, object? fill)
    {
        if (count == 0)
            throw TemplateError.Create("division by zero");
        var (size, longer) = (items.Count / count, items.Count % count);
        for (var (number, start) = (0, 0); number < count; number++)
        {
            run.Spend(16);                                         // every part is a list, even if it is empty
            var length = size + (number < longer ? 1 : 0);
            var part = items.GetRange(start, length);
            start += length;
            if (fill is not null && number >= longer)
                part.Add(fill);
            yield return part;
        }
    }
}
