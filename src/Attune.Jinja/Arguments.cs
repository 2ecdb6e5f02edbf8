using System.Numerics;

namespace Attune.Jinja;

/// <summary>The arguments of a call, by position and by name.</summary>
sealed record Arguments(IReadOnlyList<object?> Positional, IReadOnlyDictionary<string, object?> Named)
{
    public static readonly Arguments None = new([], new Dictionary<string, object?>(StringComparer.Ordinal));
}

/// <summary>A value that a template can call.</summary>
interface ICallable
{
    object? Call(Rendering run, Arguments arguments);
}

/// <summary>
/// A function of Jinja or a method of Python: its name, the names of its parameters, and its implementation, which gets the value it is
/// called on. The last parameter may be <c>*</c>, for any further arguments.
/// </summary>
sealed record Routine(string Name, string[] Parameters, Func<Rendering, object?, Bound, object?> Body)
{
    public object? Call(Rendering run, object? self, Arguments arguments) => Body(run, self, Bound.To(this, arguments));

    public static Dictionary<string, Routine> Table(params IEnumerable<Routine> routines) =>
        routines.ToDictionary(routine => routine.Name, StringComparer.Ordinal);
}

/// <summary>A routine with the value on which it is called.</summary>
sealed record Function(Routine Routine, object? Self) : ICallable
{
    public object? Call(Rendering run, Arguments arguments) => Routine.Call(run, Self, arguments);
}

/// <summary>The arguments of a routine, by the index of their parameter.</summary>
/// <param name="Routine">The called routine.</param>
/// <param name="Values">One for each named parameter; <see cref="Missing"/> if the call has none.</param>
/// <param name="Rest">The positional arguments of <c>*</c>.</param>
/// <param name="Named">The keyword arguments of <c>*</c>.</param>
sealed record Bound(Routine Routine, object?[] Values, IReadOnlyList<object?> Rest, IReadOnlyDictionary<string, object?> Named)
{
    static readonly object Missing = new();

    public static Bound To(Routine routine, Arguments arguments)
    {
        var takesMore = routine.Parameters.Length > 0 && routine.Parameters[^1] == "*";
        var count = routine.Parameters.Length - (takesMore ? 1 : 0);
        var values = new object?[count];
        for (var i = 0; i < count; i++)
            values[i] = i < arguments.Positional.Count ? arguments.Positional[i] : Missing;
        if (!takesMore && arguments.Positional.Count > count)
            throw TemplateError.Create($"{routine.Name} takes at most {count} arguments ({arguments.Positional.Count} given)");
        var more = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (name, value) in arguments.Named)
        {
            var index = Array.IndexOf(routine.Parameters, name);
            if (index >= 0 && !ReferenceEquals(values[index], Missing))
                throw TemplateError.Create($"{routine.Name} got multiple values for argument '{name}'");
            if (index >= 0)
                values[index] = value;
            else if (takesMore)
                more[name] = value;
            else
                throw TemplateError.Create($"{routine.Name} got an unexpected keyword argument '{name}'");
        }
        return new(routine, values, [.. arguments.Positional.Skip(count)], more);
    }

    public bool Has(int index) => !ReferenceEquals(Values[index], Missing);

    public object? Value(int index) => Has(index)
        ? Values[index]
        : throw TemplateError.Create($"{Routine.Name} is missing its argument '{Routine.Parameters[index]}'");

    public object? Value(int index, object? otherwise) => Has(index) ? Values[index] : otherwise;

    public bool Flag(int index, bool otherwise = false) => Has(index) ? Kinds.IsTrue(Values[index]) : otherwise;

    public string Text(int index) => Value(index) as string ?? throw Wrong(index, "a str");

    public string? TextOrNone(int index) => Value(index, null) is null ? null : Text(index);

    /// <summary>A whole number, clamped to ±2³⁰.</summary>
    public int Whole(int index)
    {
        var whole = PythonArithmetic.AsWhole(Value(index)) ?? throw Wrong(index, "an int");
        return (int)BigInteger.Clamp(whole, -(1 << 30), 1 << 30);
    }

    public int Whole(int index, int otherwise) => Has(index) ? Whole(index) : otherwise;

    InvalidDataException Wrong(int index, string expected) =>
        TemplateError.Create($"{Routine.Name}: '{Routine.Parameters[index]}' must be {expected}, not {Kinds.NameOf(Values[index])}");
}
