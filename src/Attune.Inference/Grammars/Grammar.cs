namespace Attune;

/// <summary>
/// The texts that may follow what has been written. After a character it is the derivative of the grammar by this character (Brzozowski
/// 1964, https://doi.org/10.1145/321239.321249).
/// </summary>
abstract record Grammar
{
    /// <summary>No text at all.</summary>
    public static Grammar None { get; } = new NoText();

    /// <summary>The empty text only.</summary>
    public static Grammar Empty { get; } = new EmptyText();

    /// <summary>Whether nothing more is needed.</summary>
    public abstract bool IsWhole { get; }

    /// <summary>What may follow a character; <see cref="None"/> if it is not allowed.</summary>
    public abstract Grammar After(char letter);

    /// <summary>What may follow a text; <see cref="None"/> if it is not allowed.</summary>
    public Grammar After(string text)
    {
        var rest = this;
        for (var i = 0; i < text.Length && rest != None; i++)
            rest = rest.After(text[i]);
        return rest;
    }

    public Grammar Then(Grammar next) =>
        this == None || next == None ? None : this == Empty ? next : next == Empty ? this : new Sequence(this, next);

    public Grammar Then(string next) => Then(Of(next));

    public Grammar Or(Grammar other) => this == None || Equals(other) ? other : other == None ? this : new Choice(this, other);

    public static Grammar Of(string text) => text.Length == 0 ? Empty : new Literal(text);

    public static Grammar AnyOf(IEnumerable<Grammar> grammars) => grammars.Aggregate(None, (all, next) => all.Or(next));

    sealed record NoText : Grammar
    {
        public override bool IsWhole => false;

        public override Grammar After(char letter) => this;
    }

    sealed record EmptyText : Grammar
    {
        public override bool IsWhole => true;

        public override Grammar After(char letter) => None;
    }

    sealed record Literal(string Text) : Grammar
    {
        public override bool IsWhole => false;

        public override Grammar After(char letter) => Text[0] == letter ? Of(Text[1..]) : None;
    }

    sealed record Sequence(Grammar First, Grammar Next) : Grammar
    {
        public override bool IsWhole => First.IsWhole && Next.IsWhole;

        public override Grammar After(char letter) => First.IsWhole
            ? First.After(letter).Then(Next).Or(Next.After(letter))
            : First.After(letter).Then(Next);
    }

    sealed record Choice(Grammar First, Grammar Second) : Grammar
    {
        public override bool IsWhole => First.IsWhole || Second.IsWhole;

        public override Grammar After(char letter) => First.After(letter).Or(Second.After(letter));
    }
}

/// <summary>Any number of texts of a grammar.</summary>
sealed record Repeated(Grammar Inner) : Grammar
{
    public override bool IsWhole => true;

    public override Grammar After(char letter) => Inner.After(letter).Then(this);
}

/// <summary>A character of a class.</summary>
sealed record Letter(Predicate<char> IsAllowed) : Grammar
{
    public override bool IsWhole => false;

    public override Grammar After(char letter) => IsAllowed(letter) ? Empty : None;
}

/// <summary>A grammar that may contain itself, by its name. It is never empty.</summary>
sealed record Rule(string Name, IReadOnlyDictionary<string, Grammar> Rules) : Grammar
{
    public override bool IsWhole => false;

    public override Grammar After(char letter) => Rules[Name].After(letter);
}
