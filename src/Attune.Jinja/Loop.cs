using System.Numerics;

namespace Attune.Jinja;

/// <summary>
/// The variable <c>loop</c>: the state of a for loop. Reads one item ahead, and all items only if its length is needed.
/// </summary>
/// <param name="run">The rendering.</param>
/// <param name="source">The value that is looped over.</param>
/// <param name="items">Its items, without those that the loop's condition excludes.</param>
/// <param name="depth0">The number of enclosing loops in a recursive loop.</param>
/// <param name="recurse">Renders the loop for other items; null if it is not recursive.</param>
sealed class Loop(Rendering run, object? source, IEnumerable<object?> items, int depth0, Func<object?, int, string>? recurse) : ICallable
{
    static readonly Dictionary<string, Routine> Methods = Routine.Table(
        new Routine("cycle", ["*"], (_, self, a) => ((Loop)self!).Cycle(a.Rest)),
        new Routine("changed", ["*"], (_, self, a) => ((Loop)self!).HasChanged(a.Rest)));

    readonly Queue<object?> ahead = new();
    readonly IEnumerator<object?> rest = items.GetEnumerator();
    object? previous;
    TupleValue? changing;
    int? length;

    public int Index0 { get; private set; } = -1;

    public object? Current { get; private set; }

    public bool MoveNext()
    {
        if (!Peek())
            return false;
        Index0++;
        (previous, Current) = (Current, ahead.Dequeue());
        return true;
    }

    bool Peek()
    {
        if (ahead.Count == 0 && rest.MoveNext())
            ahead.Enqueue(rest.Current);
        return ahead.Count > 0;
    }

    public int Length => length ??= source is null || Kinds.LengthOrNull(source) is not { } known ? CountToEnd() : known;

    int CountToEnd()
    {
        while (rest.MoveNext())
            ahead.Enqueue(rest.Current);
        return Index0 + 1 + ahead.Count;
    }

    /// <summary>The remaining items, for a template that iterates over the loop variable.</summary>
    public IEnumerable<object?> Rest
    {
        get
        {
            while (MoveNext())
                yield return new TupleValue([Current, this]);
        }
    }

    /// <summary>A member by name.</summary>
    public bool TryGet(string name, out object? value)
    {
        value = name switch
        {
            "index" => (BigInteger)(Index0 + 1),
            "index0" => (BigInteger)Index0,
            "revindex" => (BigInteger)(Length - Index0),
            "revindex0" => (BigInteger)(Length - Index0 - 1),
            "first" => Index0 == 0,
            "last" => !Peek(),
            "length" => (BigInteger)Length,
            "depth" => (BigInteger)(depth0 + 1),
            "depth0" => (BigInteger)depth0,
            "previtem" => Index0 == 0 ? Undefined.Because("there is no previous item") : previous,
            "nextitem" => Peek() ? ahead.Peek() : Undefined.Because("there is no next item"),
            _ => Methods.TryGetValue(name, out var method) ? new Function(method, this) : this,
        };
        return !ReferenceEquals(value, this);
    }

    object? Cycle(IReadOnlyList<object?> choices) => choices.Count > 0
        ? choices[Index0 % choices.Count]
        : throw TemplateError.Create("no items for cycling given");

    bool HasChanged(IReadOnlyList<object?> values)
    {
        var now = new TupleValue(values);
        if (changing is not null && PythonComparison.AreEqual(run, changing, now))
            return false;
        changing = now;
        return true;
    }

    public object? Call(Rendering run, Arguments arguments) => recurse is null
        ? throw TemplateError.Create("The loop must have the 'recursive' marker to be called recursively.")
        : recurse(
            arguments is { Positional: [var inner], Named.Count: 0 } ? inner : throw TemplateError.Create("loop(…) takes one argument"),
            depth0 + 1);
}
