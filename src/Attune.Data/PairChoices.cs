namespace Attune.Data;

/// <summary>Leaves out comparisons that the options of reading do not choose.</summary>
static class PairChoices
{
    /// <summary>The example with the chosen comparisons, which may be none.</summary>
    /// <exception cref="InvalidDataException">The example does not have the ranks or margins that the choice needs.</exception>
    public static Example Apply(Example example, ReadOptions options) =>
        (options.Pairs, options.MinMargin) == (PairChoice.All, 0) ? example : example switch
        {
            ComparisonExample texts => texts with { Comparisons = Choose(texts.Comparisons, options, texts.Origin) },
            ChatComparisonExample chat => chat with { Comparisons = Choose(chat.Comparisons, options, chat.Origin) },
            _ => example,
        };

    static ComparisonSet Choose(ComparisonSet set, ReadOptions options, Origin origin)
    {
        var pairs = options.Pairs == PairChoice.All || set.Comparisons.Count <= 1 ? set.Comparisons : BestAndWorst(set, options, origin);
        if (options.MinMargin > 0)
            pairs = [.. pairs.Where(pair => Margin(set, pair, options, origin) >= options.MinMargin)];
        return pairs.Count == set.Comparisons.Count ? set : set with { Comparisons = pairs, Ranks = null };
    }

    static IReadOnlyList<Comparison> BestAndWorst(ComparisonSet set, ReadOptions options, Origin origin)
    {
        var (best, worst) = (set.Extreme(PairSide.Chosen), set.Extreme(PairSide.Rejected));
        return best is not null
            ? [.. set.Comparisons.Where(pair => pair.Chosen == best && pair.Rejected == worst)]
            : throw new InvalidDataException(
                $"{origin}: {options.Syntax.Pairs} needs `ranks` or `scores`; `pairs` do not say which response is the best");
    }

    static double Margin(ComparisonSet set, Comparison pair, ReadOptions options, Origin origin) => set.Scores is { } scores
        ? scores[pair.Chosen] - scores[pair.Rejected]
        : pair.Margin ?? throw new InvalidDataException(
            $"{origin}: {options.Syntax.MinMargin} needs `scores`, `strength` or `margin`, which say how much better a response is");
}
