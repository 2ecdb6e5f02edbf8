namespace Attune.Jinja;

/// <summary>
/// Parses tokens to statements, by the grammar of Jinja 3.1 with the tags <c>break</c>, <c>continue</c> and <c>generation</c>. Tags
/// that load other templates are errors.
/// </summary>
sealed partial class Parser
{
    const int MostDepth = 120;

    static readonly string[] Loading = ["extends", "include", "import", "from"];

    readonly IReadOnlyList<Token> tokens;
    readonly Stack<(string Tag, string[] Ends)> open = new();
    readonly Stack<HashSet<string>> macros = new();                // special variables that the enclosing macros use
    readonly List<(int Line, string Problem)> unknown = [];        // unknown filters and tests that are used unconditionally
    int at;
    int depth;
    int loops;

    Parser(IReadOnlyList<Token> tokens) => this.tokens = tokens;

    bool HasGeneration { get; set; }

    /// <summary>The statements of a template, and whether it has <c>{% generation %}</c>.</summary>
    /// <exception cref="InvalidDataException">The template is invalid; the message names the line.</exception>
    public static (Statement[] Body, bool HasGeneration) Parse(string template)
    {
        var parser = new Parser(Lexer.Read(template));
        var body = parser.Body();
        parser.RefuseUnknown(0);
        return (body, parser.HasGeneration);
    }

    Token Current => tokens[at];

    Token Ahead => tokens[Math.Min(at + 1, tokens.Count - 1)];

    Token Next() => tokens[Current.Kind == TokenKind.End ? at : at++];

    bool Skip(string text)
    {
        if (!Current.Is(text))
            return false;
        at++;
        return true;
    }

    void Expect(string text)
    {
        if (!Skip(text))
            throw Unexpected($"'{text}'");
    }

    Token Expect(TokenKind kind, string described) => Current.Kind == kind ? Next() : throw Unexpected($"'{described}'");

    InvalidDataException Unexpected(string expected) => Wrong(Current.Kind == TokenKind.End
        ? $"unexpected end of template, expected {expected}."
        : $"expected token {expected}, got {PythonText.Quoted(Current.Described)}");

    InvalidDataException Wrong(string problem) => TemplateError.At(Current.Line, problem);

    void Deeper()
    {
        if (++depth > MostDepth)
            throw Wrong($"tags and brackets must nest at most {MostDepth} deep");
        Rendering.GuardStack();
    }

    void RefuseUnknown(int from)
    {
        if (unknown.Count > from)
            throw TemplateError.At(unknown[from].Line, unknown[from].Problem);
    }

    /// <summary>
    /// Unknown filters and tests since <paramref name="from"/> are in code that may never run, and are errors only when they are used.
    /// </summary>
    void AllowUnknown(int from) => unknown.RemoveRange(from, unknown.Count - from);

    /// <summary>Statements up to one of the tags that end them; the tag is not consumed.</summary>
    Statement[] Body(params string[] ends)
    {
        Deeper();
        var body = new List<Statement>();
        while (Current.Kind != TokenKind.End)
        {
            if (Current.Kind == TokenKind.BlockBegin && Ahead.Kind == TokenKind.Name && ends.Contains(Ahead.Text))
            {
                at++;
                break;
            }
            body.Add(One());
        }
        if (ends.Length > 0 && Current.Kind == TokenKind.End)
            throw UnknownTag(null);
        depth--;
        return [.. body];
    }

    Statement One()
    {
        var token = Next();
        if (token.Kind == TokenKind.Data)
            return new Data(token.Line, token.Text);
        if (token.Kind == TokenKind.VariableBegin)
        {
            var print = new Print(token.Line, TupleOrExpression());
            Expect(TokenKind.VariableEnd, "end of print statement");
            return print;
        }
        if (Current.Kind != TokenKind.Name)
            throw Wrong("tag name expected");
        var tag = Next();
        var statement = Tag(tag);
        Expect(TokenKind.BlockEnd, "end of statement block");
        return statement;
    }

    Statement Tag(Token tag) => tag.Text switch
    {
        "if" => IfTag(tag.Line),
        "for" => ForTag(tag.Line),
        "set" => SetTag(tag.Line),
        "macro" => MacroTag(tag.Line),
        "call" => CallTag(tag.Line),
        "filter" => FilterTag(tag.Line),
        "with" => WithTag(tag.Line),
        "block" => BlockTag(tag.Line),
        "print" => new Print(tag.Line, new Concatenation(tag.Line, Separated(() => Current.Kind == TokenKind.BlockEnd, Expression))),
        "generation" => GenerationTag(tag.Line),
        "break" or "continue" => JumpTag(tag),
        "autoescape" => throw TemplateError.At(tag.Line, "the tag 'autoescape' is not supported"),
        _ when Loading.Contains(tag.Text) =>
            throw TemplateError.At(tag.Line, $"the tag '{tag.Text}' loads another template, which is not supported"),
        _ => throw UnknownTag(tag),
    };

    InvalidDataException UnknownTag(Token? tag)
    {
        var problem = tag is null ? "Unexpected end of template." : $"Encountered unknown tag '{tag.Value.Text}'.";
        if (open.Count > 0)
            problem += $" Jinja was looking for the following tags: {string.Join(" or ", open.Peek().Ends.Select(end => $"'{end}'"))}. "
                + $"The innermost block that needs to be closed is '{open.Peek().Tag}'.";
        return TemplateError.At(tag?.Line ?? Current.Line, problem);
    }

    /// <summary>The body of a tag up to one of its end tags, and the name of that end tag.</summary>
    (Statement[] Body, string End) Inside(string tag, params string[] ends)
    {
        Skip(":");
        Expect(TokenKind.BlockEnd, "end of statement block");
        open.Push((tag, ends));
        var body = Body(ends);
        open.Pop();
        return (body, Next().Text);
    }

    If IfTag(int line)
    {
        var known = unknown.Count;
        var branches = new List<(Expression, Statement[])>();
        Statement[] otherwise = [];
        for (var end = "elif"; end == "elif";)
        {
            var test = TupleOrExpression(conditional: false);
            (var body, end) = Inside("if", "elif", "else", "endif");
            branches.Add((test, body));
            if (end == "else")
                otherwise = Inside("if", "endif").Body;
        }
        AllowUnknown(known);
        return new(line, branches, otherwise);
    }

    For ForTag(int line)
    {
        var known = unknown.Count;
        var target = Targets(end: "in");
        if (Named(target).Contains("loop"))
            throw TemplateError.At(line, "Can't assign to special loop variable in for-loop");
        Expect("in");
        var source = TupleOrExpression(conditional: false, end: "recursive");
        var condition = Skip("if") ? Expression() : null;
        var isRecursive = Skip("recursive");
        loops++;
        var (body, end) = Inside("for", "endfor", "else");
        loops--;
        var otherwise = end == "else" ? Inside("for", "endfor").Body : [];
        RefuseUnknown(known);
        return new(line, target, source, condition, isRecursive, body, otherwise);
    }

    static IEnumerable<string> Named(Target target) => target switch
    {
        Target.Variable variable => [variable.Name],
        Target.Several several => several.Targets.SelectMany(Named),
        _ => [],
    };

    Statement SetTag(int line)
    {
        var target = Targets(members: true);
        if (loops > 0 && Named(target).Contains("loop"))
            throw TemplateError.At(line, "Can't assign to special loop variable in for-loop");
        if (Skip("="))
            return new Set(line, target, TupleOrExpression());
        var filters = FilterChain(new Name(line, Block.Captured));
        return new Block(line, target, filters is Name ? null : filters, Inside("set", "endset").Body);
    }

    Block FilterTag(int line)
    {
        var filters = FilterChain(OneFilter(new Name(line, Block.Captured)));
        return new(line, null, filters, Inside("filter", "endfilter").Body);
    }

    With WithTag(int line)
    {
        var variables = Separated(() => Current.Kind == TokenKind.BlockEnd, () =>
        {
            var target = Targets(single: true);
            Expect("=");
            return (target, Expression());
        });
        return new(line, variables, fromRoot: false, Inside("with", "endwith").Body);
    }

    With BlockTag(int line)
    {
        var name = Expect(TokenKind.Name, "name").Text;
        var isScoped = Skip("scoped");
        Skip("required");
        var body = OutsideOfLoops(() => Inside("block", "endblock").Body);
        Skip(name);
        return new(line, [], fromRoot: !isScoped, body);
    }

    Generation GenerationTag(int line)
    {
        HasGeneration = true;
        return new(line, OutsideOfLoops(() => Inside("generation", "endgeneration").Body));
    }

    Jump JumpTag(Token tag) => loops > 0
        ? new(tag.Line, tag.Text == "break" ? Flow.Break : Flow.Continue)
        : throw TemplateError.At(tag.Line, $"'{tag.Text}' outside loop");

    /// <summary>Bodies that are separate functions in Jinja: break and continue cannot leave them.</summary>
    T OutsideOfLoops<T>(Func<T> parse)
    {
        var outer = loops;
        loops = 0;
        var parsed = parse();
        loops = outer;
        return parsed;
    }

    DefineMacro MacroTag(int line)
    {
        var name = Expect(TokenKind.Name, "name").Text;
        return new(line, Definition(name, Signature(), "macro", "endmacro"));
    }

    CallBlock CallTag(int line)
    {
        var parameters = Current.Is("(") ? Signature() : [];
        var call = Expression() as Call ?? throw TemplateError.At(line, "expected call");
        return new(line, call, Definition("caller", parameters, "call", "endcall"));
    }

    MacroDefinition Definition(string name, IReadOnlyList<(string, Expression?)> parameters, string tag, string end)
    {
        macros.Push(new(StringComparer.Ordinal));
        var body = OutsideOfLoops(() => Inside(tag, end).Body);
        return new(name, parameters, body, macros.Pop());
    }

    List<(string, Expression?)> Signature()
    {
        Expect("(");
        var anyDefault = false;
        var parameters = Separated(() => Current.Is(")"), () =>
        {
            var name = Expect(TokenKind.Name, "name").Text;
            var value = Skip("=") ? Expression() : null;
            if (value is null && anyDefault)
                throw Wrong("non-default argument follows default argument");
            anyDefault = value is not null;
            return (name, value);
        });
        Expect(")");
        return parameters;
    }

    /// <summary>Parts separated by commas, up to what ends them; a trailing comma is allowed.</summary>
    List<T> Separated<T>(Func<bool> isEnd, Func<T> part)
    {
        var parts = new List<T>();
        while (!isEnd())
        {
            if (parts.Count > 0)
                Expect(",");
            if (isEnd())
                break;
            parts.Add(part());
        }
        return parts;
    }

    /// <summary>An assignment target: names, with or without brackets, and members of namespaces where they are allowed.</summary>
    Target Targets(string? end = null, bool members = false, bool single = false)
    {
        var targets = new List<Target> { OneTarget(members) };
        if (single || !Current.Is(","))
            return targets[0];
        while (Skip(",") && !IsTupleEnd(end) && !Current.Is("="))
            targets.Add(OneTarget(members));
        return new Target.Several(targets);
    }

    Target OneTarget(bool members)
    {
        if (Skip("("))
        {
            Deeper();
            var inner = Targets(end: ")", members);
            Expect(")");
            depth--;
            return inner;
        }
        var name = Expect(TokenKind.Name, "name");
        if (IsConstant(name.Text))
            throw TemplateError.At(name.Line, "can't assign to 'const'");
        return members && Skip(".") ? new Target.Member(name.Text, Expect(TokenKind.Name, "name").Text) : new Target.Variable(name.Text);
    }
}
