namespace Attune.Text;

/// <summary>Splits where a pattern matches.</summary>
sealed class SplitPreTokenizer(IPattern pattern, SplitBehavior behavior, bool invert) : IPreTokenizer
{
    /// <summary>Runs of word characters, and runs of characters that are neither word characters nor white space.</summary>
    public static SplitPreTokenizer Words { get; } = new(new WordOrSymbolPattern(), SplitBehavior.Removed, invert: true);

    /// <summary>Splits at white space and removes it.</summary>
    public static SplitPreTokenizer WhiteSpace { get; } =
        new(new CodePointPattern(CodePoints.IsSpace), SplitBehavior.Removed, invert: false);

    /// <summary>Every punctuation character alone, and the text between.</summary>
    public static SplitPreTokenizer Punctuation { get; } =
        new(new CodePointPattern(CodePoints.IsPunctuation), SplitBehavior.Isolated, invert: false);

    public static SplitPreTokenizer Read(JsonField field) =>
        new(Patterns.Read(field["pattern"]), field["behavior"].Choice<SplitBehavior>(), field.Flag("invert", false));

    public static SplitPreTokenizer ReadDigits(JsonField field) => new(
        new CodePointPattern(CodePoints.IsNumber),
        field["individual_digits"].Flag() ? SplitBehavior.Isolated : SplitBehavior.Contiguous,
        invert: false);

    public static SplitPreTokenizer ReadPunctuation(JsonField field) => new(
        new CodePointPattern(CodePoints.IsPunctuation),
        field.Optional("behavior")?.Choice<SplitBehavior>() ?? SplitBehavior.Isolated,
        invert: false);

    public static SplitPreTokenizer ReadDelimiter(JsonField field) =>
        new(new LiteralPattern(field["delimiter"].Character()), SplitBehavior.Removed, invert: false);

    public void Apply(Draft draft)
    {
        var stretches = new List<Stretch>();
        draft.Split((piece, output) =>
        {
            stretches.Clear();
            pattern.Divide(piece, stretches);
            Cut(stretches, output);
        });
    }

    void Cut(List<Stretch> stretches, List<Piece> output)
    {
        var (first, previousMatched) = (output.Count, false);
        if (behavior == SplitBehavior.MergedWithNext)
            stretches.Reverse();
        foreach (var (start, end, matched) in stretches)
        {
            var isMatch = matched != invert;
            if (isMatch && behavior == SplitBehavior.Removed)
                continue;
            if (output.Count > first && Merges(isMatch, previousMatched))
                output[^1] = new(Math.Min(output[^1].Start, start), Math.Max(output[^1].End, end));
            else
                output.Add(new(start, end));
            previousMatched = isMatch;
        }
        if (behavior == SplitBehavior.MergedWithNext)
            output.Reverse(first, output.Count - first);
    }

    bool Merges(bool isMatch, bool previousMatched) => behavior switch
    {
        SplitBehavior.MergedWithPrevious or SplitBehavior.MergedWithNext => isMatch && !previousMatched,
        SplitBehavior.Contiguous => isMatch == previousMatched,
        _ => false,
    };
}
