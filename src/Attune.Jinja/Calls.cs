namespace Attune.Jinja;

/// <summary>The argument expressions of a call.</summary>
sealed record CallArguments(
    IReadOnlyList<Expression> Positional,
    IReadOnlyList<(string Name, Expression Value)> Named,
    Expression? MorePositional = null,
    Expression? MoreNamed = null)
{
    public static readonly CallArguments None = new([], []);

    public Arguments Evaluate(Scope scope, Macro? caller = null)
    {
        if (this == None && caller is null)
            return Arguments.None;
        var positional = Positional.Select(argument => argument.Value(scope)).ToList();
        if (MorePositional is not null)
            positional.AddRange(Kinds.Items(scope.Run, MorePositional.Value(scope)));
        var named = Named.ToDictionary(argument => argument.Name, argument => argument.Value.Value(scope), StringComparer.Ordinal);
        if (MoreNamed is not null)
            AddAll(named, MoreNamed.Value(scope));
        if (caller is not null)
            named["caller"] = caller;
        return new(positional, named);
    }

    static void AddAll(Dictionary<string, object?> named, object? more)
    {
        if (more is not DictValue dict)
            throw TemplateError.Create($"argument after ** must be a mapping, not {Kinds.NameOf(more)}");
        foreach (var (key, value) in dict.Items)
            if (!named.TryAdd(key as string ?? throw TemplateError.Create("keywords must be strings"), value))
                throw TemplateError.Create($"got multiple values for keyword argument '{key}'");
    }
}

/// <summary><c>function(…)</c></summary>
sealed class Call(int line, Expression function, CallArguments arguments) : Expression(line)
{
    protected override object? Evaluate(Scope scope) => Invoke(scope, caller: null);

    /// <summary>The call, with the body of a call block as its <c>caller</c>.</summary>
    public object? Invoke(Scope scope, Macro? caller)
    {
        var called = function.Value(scope);
        var values = arguments.Evaluate(scope, caller);
        scope.Run.Line = Line;
        return called switch
        {
            ICallable callable => callable.Call(scope.Run, values),
            Undefined undefined => throw undefined.Error(),
            _ => throw TemplateError.Create($"'{Kinds.NameOf(called)}' object is not callable"),
        };
    }
}

/// <summary><c>value | filter(…)</c></summary>
sealed class Filter(int line, Expression value, string name, CallArguments arguments) : Expression(line)
{
    protected override object? Evaluate(Scope scope)
    {
        var input = value.Value(scope);
        var values = arguments.Evaluate(scope);
        scope.Run.Line = Line;
        return Filters.Get(name).Call(scope.Run, input, values);
    }
}

/// <summary><c>value is test(…)</c></summary>
sealed class Test(int line, Expression value, string name, CallArguments arguments) : Expression(line)
{
    protected override object? Evaluate(Scope scope)
    {
        var input = value.Value(scope);
        var values = arguments.Evaluate(scope);
        scope.Run.Line = Line;
        return Tests.Get(name).Call(scope.Run, input, values);
    }
}
