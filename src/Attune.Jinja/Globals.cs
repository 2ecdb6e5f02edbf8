namespace Attune.Jinja;

/// <summary>The functions that every template can call: Jinja's, and the two that transformers adds.</summary>
static class Globals
{
    static readonly Dictionary<string, object?> All = Routine.Table(
        new Routine("range", ["*"], (_, _, a) => Range(a.Rest)),
        new Routine("dict", ["*"], (run, _, a) => Dict(run, a)),
        new Routine("namespace", ["*"], (run, _, a) => Namespace(run, a)),
        new Routine("cycler", ["*"], (_, _, a) => a.Rest.Count > 0
            ? new Cycler(a.Rest)
            : throw TemplateError.Create("at least one item has to be provided")),
        new Routine("joiner", ["sep"], (_, _, a) => new Joiner(a.Value(0, ", "))),
        new Routine("raise_exception", ["message"], (run, _, a) => throw TemplateError.Create(PythonStrings.Str(run, a.Value(0)))),
        new Routine("strftime_now", ["format"], (run, _, a) => run.Made(TimeFormat.Format(run.Now(), a.Text(0)))))
        .ToDictionary(routine => routine.Key, routine => (object?)new Function(routine.Value, null), StringComparer.Ordinal);

    public static object? Find(string name) => All.GetValueOrDefault(name);

    static RangeValue Range(IReadOnlyList<object?> limits)
    {
        var wholes = limits.Select(limit => PythonArithmetic.AsWhole(limit)
            ?? throw TemplateError.Create($"'{Kinds.NameOf(limit)}' object cannot be interpreted as an integer")).ToList();
        var range = wholes switch
        {
            [var stop] => new RangeValue(0, stop, 1),
            [var start, var stop] => new(start, stop, 1),
            [_, _, { IsZero: true }] => throw TemplateError.Create("range() arg 3 must not be zero"),
            [var start, var stop, var step] => new(start, stop, step),
            _ => throw TemplateError.Create($"range expected 1 to 3 arguments, got {wholes.Count}"),
        };
        _ = range.Count;                                           // throws if it is too long
        return range;
    }

    static DictValue Dict(Rendering run, Bound arguments)
    {
        var dict = arguments.Rest switch
        {
            [] => new(run),
            [DictValue source] => Copy(run, source),
            [var pairs] => FromPairs(run, pairs),
            _ => throw TemplateError.Create($"dict expected at most 1 argument, got {arguments.Rest.Count}"),
        };
        foreach (var (name, value) in arguments.Named)
            dict.Set(name, value);
        return dict;
    }

    static DictValue FromPairs(Rendering run, object? pairs)
    {
        var dict = new DictValue(run);
        if (pairs is Undefined undefined)
            throw undefined.Error();
        foreach (var pair in Kinds.Items(run, pairs))
        {
            if (Kinds.ToList(run, pair) is not [var key, var value])
                throw TemplateError.Create("the elements of a dictionary update sequence must have two items");
            dict.Set(key, value);
        }
        return dict;
    }

    public static DictValue Copy(Rendering run, DictValue source)
    {
        var copy = new DictValue(run);
        foreach (var (key, value) in source.Items)
            copy.Set(key, value);
        return copy;
    }

    static NamespaceValue Namespace(Rendering run, Bound arguments)
    {
        var space = new NamespaceValue();
        foreach (var (key, value) in Dict(run, arguments).Items)
            space.Members[key as string ?? throw TemplateError.Create("the names of a namespace's members must be str")] = value;
        return space;
    }
}
