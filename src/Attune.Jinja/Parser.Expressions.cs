namespace Attune.Jinja;

sealed partial class Parser
{
    static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    static readonly string[] Special = ["caller", "varargs", "kwargs"];

    static bool IsConstant(string name) => name is "true" or "false" or "none" or "True" or "False" or "None";

    bool IsTupleEnd(string? end) =>
        Current.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd or TokenKind.End
            || Current.Is(")") || (end is not null && Current.Is(end));

    /// <summary>An expression, or several separated by commas, which are a tuple.</summary>
    Expression TupleOrExpression(bool conditional = true, string? end = null, bool inBrackets = false)
    {
        var line = Current.Line;
        var (items, isTuple) = (new List<Expression>(), false);
        while (!IsTupleEnd(end))
        {
            items.Add(conditional ? Expression() : Or());
            if (!Skip(","))
                break;
            isTuple = true;
        }
        if (items.Count == 1 && !isTuple)
            return items[0];
        return isTuple || inBrackets
            ? new TupleDisplay(line, items)
            : throw Wrong($"Expected an expression, got {PythonText.Quoted(Current.Described)}");
    }

    Expression Expression()
    {
        Deeper();
        var (line, known) = (Current.Line, unknown.Count);
        var value = Or();
        while (Skip("if"))
        {
            var test = Or();
            value = new Conditional(line, test, value, Skip("else") ? Expression() : null);
            AllowUnknown(known);
        }
        depth--;
        return value;
    }

    Expression Or() => LeftToRight(And, ["or"], (line, _, left, right) => new Logical(line, isAnd: false, left, right));

    Expression And() => LeftToRight(Negation, ["and"], (line, _, left, right) => new Logical(line, isAnd: true, left, right));

    static readonly string[] Sums = ["+", "-"];

    static readonly string[] Products = ["*", "/", "//", "%"];

    static readonly string[] Powers = ["**"];

    Expression LeftToRight(Func<Expression> operand, string[] signs, Func<int, string, Expression, Expression, Expression> join)
    {
        var value = operand();
        while (Array.Exists(signs, Current.Is))
        {
            var sign = Next();
            value = join(sign.Line, sign.Text, value, operand());
        }
        return value;
    }

    Expression Negation()
    {
        var negations = new Stack<int>();
        while (Current.Is("not"))
            negations.Push(Next().Line);
        var value = Compared();
        while (negations.TryPop(out var line))
            value = new Not(line, value);
        return value;
    }

    Expression Compared()
    {
        var line = Current.Line;
        var first = Sum();
        var rest = new List<(string, Expression)>();
        while (true)
        {
            if (Array.Exists(Comparisons, Current.Is))
                rest.Add((Next().Text, Sum()));
            else if (Skip("in"))
                rest.Add(("in", Sum()));
            else if (Current.Is("not") && Ahead.Is("in"))
            {
                at += 2;
                rest.Add(("not in", Sum()));
            }
            else
                return rest.Count == 0 ? first : new Compare(line, first, rest);
        }
    }

    Expression Sum() => LeftToRight(Joined, Sums, (line, sign, left, right) => new Binary(line, sign, left, right));

    Expression Joined()
    {
        var line = Current.Line;
        var parts = new List<Expression> { Product() };
        while (Skip("~"))
            parts.Add(Product());
        return parts.Count == 1 ? parts[0] : new Concatenation(line, parts);
    }

    Expression Product() => LeftToRight(Power, Products, (line, sign, left, right) => new Binary(line, sign, left, right));

    Expression Power() => LeftToRight(() => Unary(), Powers, (line, sign, left, right) => new Binary(line, sign, left, right));

    Expression Unary(bool withFilters = true)
    {
        Deeper();
        var line = Current.Line;
        var value = Skip("-") ? new Signed(line, isNegative: true, Unary(withFilters: false))
            : Skip("+") ? new Signed(line, isNegative: false, Unary(withFilters: false))
            : Primary();
        value = Postfix(value);
        if (withFilters)
            value = FiltersAndTests(value);
        depth--;
        return value;
    }

    Expression Primary()
    {
        var token = Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                return NameOrConstant(Next());
            case TokenKind.String:
                var parts = new List<string>();
                while (Current.Kind == TokenKind.String)
                    parts.Add(Next().Text);
                return new Literal(token.Line, string.Concat(parts));
            case TokenKind.Number:
                return new Literal(token.Line, Next().Value);
        }
        if (Skip("("))
        {
            var inner = TupleOrExpression(inBrackets: true);
            Expect(")");
            return inner;
        }
        if (Skip("["))
        {
            var items = Separated(() => Current.Is("]"), Expression);
            Expect("]");
            return new ListDisplay(token.Line, items);
        }
        return Skip("{") ? Dict(token.Line) : throw Wrong(token.Kind == TokenKind.End
            ? "unexpected end of template"
            : $"unexpected {PythonText.Quoted(token.Described)}");
    }

    Expression NameOrConstant(Token name)
    {
        if (IsConstant(name.Text))
            return new Literal(name.Line, name.Text is "none" or "None" ? null : name.Text is "true" or "True");
        if (Special.Contains(name.Text))
            foreach (var used in macros)
                used.Add(name.Text);
        return new Name(name.Line, name.Text);
    }

    DictDisplay Dict(int line)
    {
        var items = Separated(() => Current.Is("}"), () =>
        {
            var key = Expression();
            Expect(":");
            return (key, Expression());
        });
        Expect("}");
        return new(line, items);
    }

    Expression Postfix(Expression value)
    {
        while (true)
        {
            var line = Current.Line;
            if (Skip("."))
                value = Current.Kind switch
                {
                    TokenKind.Name => new Attribute(line, value, Next().Text),
                    TokenKind.Number when Current.Value is not double => new Subscript(line, value, new Literal(line, Next().Value)),
                    _ => throw Wrong("expected name or number"),
                };
            else if (Skip("["))
                value = Subscripted(line, value);
            else if (Current.Is("("))
                value = new Call(line, value, CallArguments());
            else
                return value;
        }
    }

    Expression Subscripted(int line, Expression owner)
    {
        var parts = new List<Func<Expression>>();
        while (!Current.Is("]"))
        {
            if (parts.Count > 0)
                Expect(",");
            parts.Add(OneSubscript(line, owner));
        }
        Expect("]");
        return parts.Count == 1 ? parts[0]() : throw TemplateError.At(line, "the brackets must have one index or slice");
    }

    Func<Expression> OneSubscript(int line, Expression owner)
    {
        var start = Current.Is(":") ? null : Expression();
        if (!Skip(":"))
            return () => new Subscript(line, owner, start!);
        var stop = SliceEnds() || Current.Is(":") ? null : Expression();
        var step = Skip(":") && !SliceEnds() ? Expression() : null;
        return () => new Slice(line, owner, start, stop, step);

        bool SliceEnds() => Current.Is("]") || Current.Is(",");
    }

    CallArguments CallArguments()
    {
        Expect("(");
        var (positional, named) = (new List<Expression>(), new List<(string Name, Expression)>());
        Expression? more = null, moreNamed = null;
        Separated(() => Current.Is(")"), () =>
        {
            if (Current.Is("*") && more is null && moreNamed is null)
                more = AfterStars();
            else if (Current.Is("**") && moreNamed is null)
                moreNamed = AfterStars();
            else if (Current.Kind == TokenKind.Name && Ahead.Is("=") && moreNamed is null)
                named.Add(Argument());
            else if (more is null && moreNamed is null && named.Count == 0)
                positional.Add(Expression());
            else
                throw Wrong("invalid syntax for function call expression");
            return true;
        });
        Expect(")");
        if (named.Select(argument => argument.Name).Distinct(StringComparer.Ordinal).Count() < named.Count)
            throw Wrong("keyword argument repeated");
        return positional.Count + named.Count == 0 && more is null && moreNamed is null
            ? Jinja.CallArguments.None
            : new(positional, named, more, moreNamed);
    }

    Expression AfterStars()
    {
        at++;
        return Expression();
    }

    (string, Expression) Argument()
    {
        var name = Next().Text;
        at++;
        return (name, Expression());
    }

    Expression FiltersAndTests(Expression value)
    {
        while (true)
        {
            if (Current.Is("|"))
                value = FilterChain(value);
            else if (Current.Is("is"))
                value = TestOf(value);
            else if (Current.Is("("))
                value = new Call(Current.Line, value, CallArguments());
            else
                return value;
        }
    }

    Expression FilterChain(Expression value)
    {
        while (Skip("|"))
            value = OneFilter(value);
        return value;
    }

    Filter OneFilter(Expression value)
    {
        var (line, name) = (Current.Line, DottedName());
        if (!Filters.IsKnown(name))
            unknown.Add((line, Filters.Unknown(name)));
        return new(line, value, name, Current.Is("(") ? CallArguments() : Jinja.CallArguments.None);
    }

    string DottedName()
    {
        var name = Expect(TokenKind.Name, "name").Text;
        while (Skip("."))
            name += "." + Expect(TokenKind.Name, "name").Text;
        return name;
    }

    Expression TestOf(Expression value)
    {
        var line = Next().Line;
        var isNegated = Skip("not");
        var name = DottedName();
        if (!Tests.IsKnown(name))
            unknown.Add((line, Tests.Unknown(name)));
        var test = new Test(line, value, name, TestArguments());
        return isNegated ? new Not(line, test) : test;
    }

    /// <summary>Arguments in brackets, or a single value without brackets.</summary>
    CallArguments TestArguments()
    {
        if (Current.Is("("))
            return CallArguments();
        if (Current.Is("is"))
            throw Wrong("You cannot chain multiple tests with is");
        var isValue = Current.Kind is TokenKind.String or TokenKind.Number || Current.Is("[") || Current.Is("{")
            || (Current.Kind == TokenKind.Name && Current.Text is not ("else" or "or" or "and"));
        return isValue ? new([Postfix(Primary())], []) : Jinja.CallArguments.None;
    }
}
