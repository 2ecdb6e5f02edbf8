using System.Text;

namespace Attune.Jinja;

/// <summary>A part of a template that has a value.</summary>
abstract class Expression(int line)
{
    protected int Line => line;

    public object? Value(Scope scope)
    {
        scope.Run.Enter(line);
        var value = Evaluate(scope);
        scope.Run.Leave();
        return value;
    }

    public bool IsTrue(Scope scope) => Kinds.IsTrue(Value(scope));

    protected abstract object? Evaluate(Scope scope);
}

sealed class Literal(int line, object? value) : Expression(line)
{
    public object? Constant => value;

    protected override object? Evaluate(Scope scope) => value;
}

sealed class Name(int line, string name) : Expression(line)
{
    public string Text => name;

    protected override object? Evaluate(Scope scope) => scope.Find(name);
}

sealed class ListDisplay(int line, IReadOnlyList<Expression> items) : Expression(line)
{
    protected override object? Evaluate(Scope scope) => items.Select(item => item.Value(scope)).ToList();
}

sealed class TupleDisplay(int line, IReadOnlyList<Expression> items) : Expression(line)
{
    public IReadOnlyList<Expression> Items => items;

    protected override object? Evaluate(Scope scope) => new TupleValue([.. items.Select(item => item.Value(scope))]);
}

sealed class DictDisplay(int line, IReadOnlyList<(Expression Key, Expression Value)> items) : Expression(line)
{
    protected override object? Evaluate(Scope scope)
    {
        var dict = new DictValue(scope.Run);
        foreach (var (key, value) in items)
            dict.Set(key.Value(scope), value.Value(scope));
        return dict;
    }
}

/// <summary><c>a if test else b</c></summary>
sealed class Conditional(int line, Expression test, Expression then, Expression? otherwise) : Expression(line)
{
    protected override object? Evaluate(Scope scope) => test.IsTrue(scope) ? then.Value(scope)
        : otherwise is not null ? otherwise.Value(scope)
        : Undefined.Because($"the inline if-expression on line {Line} evaluated to false and no else section was defined.");
}

/// <summary><c>a and b</c>, <c>a or b</c>: the operand that decides the result.</summary>
sealed class Logical(int line, bool isAnd, Expression left, Expression right) : Expression(line)
{
    protected override object? Evaluate(Scope scope)
    {
        var value = left.Value(scope);
        return Kinds.IsTrue(value) == isAnd ? right.Value(scope) : value;
    }
}

sealed class Not(int line, Expression operand) : Expression(line)
{
    protected override object? Evaluate(Scope scope) => !operand.IsTrue(scope);
}

/// <summary><c>a &lt; b == c</c>: whether all comparisons hold, evaluated from the left.</summary>
sealed class Compare(int line, Expression first, IReadOnlyList<(string Sign, Expression Operand)> rest) : Expression(line)
{
    protected override object? Evaluate(Scope scope)
    {
        var left = first.Value(scope);
        foreach (var (sign, operand) in rest)
        {
            var right = operand.Value(scope);
            if (!Holds(scope.Run, sign, left, right))
                return false;
            left = right;
        }
        return true;
    }

    static bool Holds(Rendering run, string sign, object? a, object? b) => sign switch
    {
        "==" => PythonComparison.AreEqual(run, a, b),
        "!=" => !PythonComparison.AreEqual(run, a, b),
        "in" => PythonComparison.Contains(run, b, a),
        "not in" => !PythonComparison.Contains(run, b, a),
        _ => PythonComparison.Holds(run, sign, a, b),
    };
}

sealed class Binary(int line, string sign, Expression left, Expression right) : Expression(line)
{
    protected override object? Evaluate(Scope scope) => PythonArithmetic.Apply(scope.Run, sign, left.Value(scope), right.Value(scope));
}

sealed class Signed(int line, bool isNegative, Expression operand) : Expression(line)
{
    protected override object? Evaluate(Scope scope)
    {
        var value = operand.Value(scope);
        return isNegative ? PythonArithmetic.Negative(value) : PythonArithmetic.Positive(value);
    }
}

/// <summary><c>a ~ b</c>: the values as texts, concatenated.</summary>
sealed class Concatenation(int line, IReadOnlyList<Expression> parts) : Expression(line)
{
    protected override object? Evaluate(Scope scope)
    {
        var text = new StringBuilder();
        foreach (var value in parts.Select(part => part.Value(scope)).ToList())
        {
            var next = PythonStrings.Str(scope.Run, value);
            scope.Run.SpendText(next.Length);
            Rendering.Limit(text.Append(next));
        }
        return text.ToString();
    }
}

/// <summary><c>value.name</c></summary>
sealed class Attribute(int line, Expression owner, string name) : Expression(line)
{
    protected override object? Evaluate(Scope scope) => Members.Attribute(scope.Run, owner.Value(scope), name);
}

/// <summary><c>value[key]</c></summary>
sealed class Subscript(int line, Expression owner, Expression key) : Expression(line)
{
    protected override object? Evaluate(Scope scope) => Members.Item(scope.Run, owner.Value(scope), key.Value(scope));
}

/// <summary><c>value[start:stop:step]</c></summary>
sealed class Slice(int line, Expression owner, Expression? start, Expression? stop, Expression? step) : Expression(line)
{
    protected override object? Evaluate(Scope scope) =>
        Members.Slice(scope.Run, owner.Value(scope), start?.Value(scope), stop?.Value(scope), step?.Value(scope));
}
