namespace Attune;

/// <summary>The grammar of JSON (RFC 8259), with limits on nesting and on white space in a row.</summary>
static class JsonGrammar
{
    const int Deepest = 32;

    static readonly Grammar Digits = new Letter(char.IsAsciiDigit).Then(new Repeated(new Letter(char.IsAsciiDigit)));
    static readonly Grammar Hex = new Letter(char.IsAsciiHexDigit);
    static readonly Grammar Escape = Grammar.Of("\\").Then(
        new Letter(letter => "\"\\/bfnrt".Contains(letter)).Or(Grammar.Of("u").Then(Hex).Then(Hex).Then(Hex).Then(Hex)));

    /// <summary>White space between tokens of JSON, at most one character: a model could fill its response with more.</summary>
    public static Grammar Spaces { get; } = new WhiteSpace(1);

    public static Grammar Text { get; } =
        Grammar.Of("\"").Then(new Repeated(new Letter(letter => letter is not ('"' or '\\' or < ' ')).Or(Escape))).Then("\"");

    public static Grammar Integer { get; } = Optional("-").Then(
        Grammar.Of("0").Or(new Letter(letter => letter is >= '1' and <= '9').Then(new Repeated(new Letter(char.IsAsciiDigit)))));

    public static Grammar Number { get; } = Integer.Then(Grammar.Empty.Or(Grammar.Of(".").Then(Digits))).Then(
        Grammar.Empty.Or(new Letter(letter => letter is 'e' or 'E').Then(Optional("+").Or(Grammar.Of("-"))).Then(Digits)));

    public static Grammar Boolean { get; } = Grammar.Of("true").Or(Grammar.Of("false"));

    public static Grammar Null { get; } = Grammar.Of("null");

    /// <summary>Any value.</summary>
    public static Grammar Value { get; } = new AnyValue(Deepest);

    /// <summary>Any object.</summary>
    public static Grammar Object { get; } = ObjectAt(Deepest);

    /// <summary>A list of values, with a limited number of them.</summary>
    public static Grammar Array(Grammar item, int least = 0, int? most = null) =>
        Grammar.Of("[").Then(Spaces).Then(new Items(item, least, most, IsFirst: true)).Then("]");

    /// <summary>A member of an object.</summary>
    public static Grammar Member(Grammar name, Grammar value) =>
        name.Then(Spaces).Then(":").Then(Spaces).Then(value).Then(Spaces);

    static Grammar ObjectAt(int depth) =>
        Grammar.Of("{").Then(Spaces).Then(new Items(Member(Text, new AnyValue(depth - 1)), 0, null, IsFirst: true)).Then("}");

    static Grammar Optional(string text) => Grammar.Empty.Or(Grammar.Of(text));

    /// <summary>Any value with at most this many objects and arrays in each other.</summary>
    sealed record AnyValue(int Depth) : Grammar
    {
        static readonly Grammar[] Expansions = new Grammar[Deepest + 1];

        public override bool IsWhole => false;

        public override Grammar After(char letter) => (Expansions[Depth] ??= Expand()).After(letter);

        Grammar Expand()
        {
            var simple = Text.Or(Number).Or(Boolean).Or(Null);
            return Depth == 0 ? simple : simple.Or(ObjectAt(Depth)).Or(Array(new AnyValue(Depth - 1)));
        }
    }

    /// <summary>The rest of a list with commas between its items.</summary>
    sealed record Items(Grammar Item, int Least, int? Most, bool IsFirst) : Grammar
    {
        public override bool IsWhole => Least <= 0;

        public override Grammar After(char letter)
        {
            if (Most == 0)
                return None;
            var item = IsFirst ? Item : Of(",").Then(Spaces).Then(Item);
            return item.Then(Spaces).Then(this with { Least = Math.Max(0, Least - 1), Most = Most - 1, IsFirst = false }).After(letter);
        }
    }

    sealed record WhiteSpace(int Most) : Grammar
    {
        public override bool IsWhole => true;

        public override Grammar After(char letter) =>
            letter is not (' ' or '\n' or '\t' or '\r') ? None : Most > 1 ? new WhiteSpace(Most - 1) : Empty;
    }
}
