namespace Attune.Jinja;

/// <summary>The definition of a macro, or of the body of a call block.</summary>
/// <param name="Name">The macro's name; <c>caller</c> for the body of a call block.</param>
/// <param name="Parameters">The parameters with their defaults; null for none.</param>
/// <param name="Body">The rendered statements.</param>
/// <param name="Uses">Which of caller, varargs and kwargs the body uses.</param>
sealed record MacroDefinition(
    string Name, IReadOnlyList<(string Name, Expression? Default)> Parameters, Statement[] Body, IReadOnlySet<string> Uses)
{
    public bool Takes(string special) => Uses.Contains(special) && Parameters.All(parameter => parameter.Name != special);
}

/// <summary>A macro with the scope of its definition.</summary>
sealed class Macro(MacroDefinition definition, Scope scope) : ICallable
{
    public string Name => definition.Name;

    public object? Call(Rendering run, Arguments arguments)
    {
        var inner = scope.Inner();
        var named = new Dictionary<string, object?>(arguments.Named, StringComparer.Ordinal);
        var defaults = Assign(inner, arguments.Positional, named);
        AssignSpecial(run, inner, arguments.Positional, named);
        foreach (var (name, value) in defaults)
            inner.Set(name, value is null ? Missing(name) : value.Value(inner));
        return run.Capture(() => Statement.Run(definition.Body, inner));

        static Undefined Missing(string name) => Undefined.Because($"parameter {PythonText.Quoted(name)} was not provided");
    }

    /// <summary>Assigns arguments to parameters, and returns the parameters without one.</summary>
    List<(string Name, Expression? Default)> Assign(Scope inner, IReadOnlyList<object?> positional, Dictionary<string, object?> named)
    {
        var defaults = new List<(string, Expression?)>();
        foreach (var (index, (name, otherwise)) in definition.Parameters.Index())
        {
            if (index < positional.Count)
                inner.Set(name, positional[index]);
            else if (named.Remove(name, out var value))
                inner.Set(name, value);
            else
                defaults.Add((name, otherwise));
        }
        return defaults;
    }

    void AssignSpecial(Rendering run, Scope inner, IReadOnlyList<object?> positional, Dictionary<string, object?> named)
    {
        if (definition.Takes("caller"))
            inner.Set("caller", named.Remove("caller", out var caller) ? caller : Undefined.Because("No caller defined"));
        if (definition.Takes("kwargs"))
            inner.Set("kwargs", ToDict(run, named));
        else if (named.Count > 0)
            throw TemplateError.Create($"macro {PythonText.Quoted(Name)} takes no keyword argument {PythonText.Quoted(named.First().Key)}");
        if (definition.Takes("varargs"))
            inner.Set("varargs", new TupleValue([.. positional.Skip(definition.Parameters.Count)]));
        else if (positional.Count > definition.Parameters.Count)
            throw TemplateError.Create($"macro {PythonText.Quoted(Name)} takes not more than {definition.Parameters.Count} argument(s)");
    }

    public static DictValue ToDict(Rendering run, IEnumerable<KeyValuePair<string, object?>> members)
    {
        var dict = new DictValue(run);
        foreach (var (name, value) in members)
            dict.Set(name, value);
        return dict;
    }

    /// <summary>The attributes of a macro that a template can read.</summary>
    public bool TryGet(string name, out object? value)
    {
        value = name switch
        {
            "name" => Name,
            "arguments" => new TupleValue([.. definition.Parameters.Select(parameter => (object?)parameter.Name)]),
            "catch_kwargs" => definition.Takes("kwargs"),
            "catch_varargs" => definition.Takes("varargs"),
            "caller" => definition.Uses.Contains("caller"),
            _ => this,
        };
        return !ReferenceEquals(value, this);
    }
}
