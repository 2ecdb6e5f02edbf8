namespace Attune.Jinja;

/// <summary>How a statement ended.</summary>
enum Flow
{
    Next,
    Break,
    Continue,
}

/// <summary>A part of a template that is executed.</summary>
abstract class Statement(int line)
{
    /// <summary>Executes statements until one ends with break or continue.</summary>
    public static Flow Run(Statement[] body, Scope scope)
    {
        foreach (var statement in body)
        {
            scope.Run.Enter(statement.Line);
            var flow = statement.Execute(scope);
            scope.Run.Leave();
            if (flow != Flow.Next)
                return flow;
        }
        return Flow.Next;
    }

    protected int Line => line;

    protected abstract Flow Execute(Scope scope);
}

/// <summary>Literal text.</summary>
sealed class Data(int line, string text) : Statement(line)
{
    protected override Flow Execute(Scope scope)
    {
        scope.Run.Write(text);
        return Flow.Next;
    }
}

/// <summary><c>{{ value }}</c></summary>
sealed class Print(int line, Expression value) : Statement(line)
{
    protected override Flow Execute(Scope scope)
    {
        scope.Run.Write(PythonStrings.Str(scope.Run, value.Value(scope)));
        return Flow.Next;
    }
}

sealed class If(int line, IReadOnlyList<(Expression Test, Statement[] Body)> branches, Statement[] otherwise) : Statement(line)
{
    protected override Flow Execute(Scope scope)
    {
        foreach (var (test, body) in branches)
            if (test.IsTrue(scope))
                return Run(body, scope);
        return Run(otherwise, scope);
    }
}

sealed class For(
    int line, Target target, Expression source, Expression? condition, bool isRecursive, Statement[] body, Statement[] otherwise)
    : Statement(line)
{
    protected override Flow Execute(Scope scope)
    {
        var items = source.Value(scope);
        if (!isRecursive)
            return Iterate(scope, items, 0);
        scope.Run.Write(scope.Run.Capture(() => Iterate(scope, items, 0)));
        return Flow.Next;
    }

    Flow Iterate(Scope scope, object? source, int depth)
    {
        var items = Kinds.Items(scope.Run, source);
        if (condition is not null)
            items = items.Where(item => condition.IsTrue(target.Bind(scope.Inner(), item)));
        var loop = new Loop(scope.Run, condition is null ? source : null, items, depth, isRecursive ? Recurse(scope) : null);
        var anyEnded = false;
        while (loop.MoveNext())
        {
            var inner = scope.Inner();
            inner.Set("loop", loop);
            var flow = Run(body, target.Bind(inner, loop.Current));
            anyEnded |= flow == Flow.Next;
            if (flow == Flow.Break)
                break;
        }
        return anyEnded ? Flow.Next : Run(otherwise, scope.Inner());
    }

    Func<object?, int, string> Recurse(Scope scope) => (items, depth) => scope.Run.Capture(() =>
    {
        scope.Run.Enter(Line);
        Iterate(scope, items, depth);
        scope.Run.Leave();
    });
}

/// <summary><c>{% break %}</c>, <c>{% continue %}</c></summary>
sealed class Jump(int line, Flow flow) : Statement(line)
{
    protected override Flow Execute(Scope scope) => flow;
}

sealed class Set(int line, Target target, Expression value) : Statement(line)
{
    protected override Flow Execute(Scope scope)
    {
        target.Bind(scope, value.Value(scope));
        return Flow.Next;
    }
}

/// <summary>A block whose text is filtered and then assigned (<c>{% set x %}</c>) or written (<c>{% filter %}</c>).</summary>
/// <param name="line">The line where it begins.</param>
/// <param name="target">The assignment target; null if the text is written.</param>
/// <param name="filters">The filters, applied to the variable <see cref="Captured"/>; null for none.</param>
/// <param name="body">The rendered statements.</param>
sealed class Block(int line, Target? target, Expression? filters, Statement[] body) : Statement(line)
{
    public const string Captured = "{% block %}";                  // not a valid name in a template

    protected override Flow Execute(Scope scope)
    {
        object? text = scope.Run.Capture(() => Run(body, scope.Inner()));
        if (filters is not null)
        {
            var inner = scope.Inner();
            inner.Set(Captured, text);
            text = filters.Value(inner);
        }
        if (target is null)
            scope.Run.Write(PythonStrings.Str(scope.Run, text));
        else
            target.Bind(scope, text);
        return Flow.Next;
    }
}

/// <summary>
/// <c>{% with a = 1 %}</c>, and <c>{% block name %}</c>, which has only the template's own variables unless it is scoped.
/// </summary>
sealed class With(int line, IReadOnlyList<(Target Target, Expression Value)> variables, bool fromRoot, Statement[] body) : Statement(line)
{
    protected override Flow Execute(Scope scope)
    {
        var inner = (fromRoot ? scope.Root : scope).Inner();
        foreach (var (target, value) in variables)
            target.Bind(inner, value.Value(scope));
        return Run(body, inner);
    }
}

sealed class DefineMacro(int line, MacroDefinition definition) : Statement(line)
{
    protected override Flow Execute(Scope scope)
    {
        scope.Set(definition.Name, new Macro(definition, scope));
        return Flow.Next;
    }
}

/// <summary><c>{% call macro(…) %}</c>: the macro can render the body as <c>caller()</c>.</summary>
sealed class CallBlock(int line, Call call, MacroDefinition body) : Statement(line)
{
    protected override Flow Execute(Scope scope)
    {
        scope.Run.Write(PythonStrings.Str(scope.Run, call.Invoke(scope, new Macro(body, scope))));
        return Flow.Next;
    }
}

/// <summary><c>{% generation %}</c>: the assistant's text.</summary>
sealed class Generation(int line, Statement[] body) : Statement(line)
{
    protected override Flow Execute(Scope scope)
    {
        scope.Run.WriteGenerated(scope.Run.Capture(() => Run(body, scope.Inner())));
        return Flow.Next;
    }
}
