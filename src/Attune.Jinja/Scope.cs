namespace Attune.Jinja;

/// <summary>Variables of a block; lookups continue in the enclosing blocks.</summary>
sealed class Scope(Rendering run, Scope? outer)
{
    Dictionary<string, object?>? variables;

    public Rendering Run => run;

    public Scope Root => outer is null ? this : outer.Root;

    public Scope Inner() => new(run, this);

    public void Set(string name, object? value) => (variables ??= new(StringComparer.Ordinal))[name] = value;

    public object? Find(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Outer)
            if (scope.variables is { } own && own.TryGetValue(name, out var value))
                return value;
        return Globals.Find(name) ?? Undefined.Variable(name);
    }

    Scope? Outer => outer;
}
