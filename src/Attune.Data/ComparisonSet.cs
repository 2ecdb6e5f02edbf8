namespace Attune.Data;

/// <summary>That people prefer one answer to another.</summary>
/// <param name="Chosen">The place of the answer that more of them prefer.</param>
/// <param name="Rejected">The place of the other one.</param>
public sealed record Comparison(int Chosen, int Rejected)
{
    /// <summary>How much better, in the levels or points of the data; null where people did not say.</summary>
    public double? Margin { get; init; }

    /// <summary>The share of people who prefer the better one, from ½ to 1.</summary>
    public double Share { get; init; } = 1;

    /// <summary>How many people were asked; 0 where that is not known.</summary>
    public int Votes { get; init; }

    /// <summary>The same with the answers turned round where fewer than half prefer the first.</summary>
    /// <param name="first">A place.</param>
    /// <param name="second">Another.</param>
    /// <param name="share">Of people who prefer the first.</param>
    public static Comparison FromShare(int first, int second, double share) =>
        share >= 0.5 ? new(first, second) { Share = share } : new(second, first) { Share = 1 - share };
}

/// <summary>What people think of the answers to a prompt: which they prefer to which. Answers of which they say nothing are in no pair.</summary>
public sealed record ComparisonSet(IReadOnlyList<Comparison> Comparisons)
{
    /// <summary>The ranks that the pairs come from, 0 the best; null for an answer that was not ranked. Null where pairs were given.</summary>
    public IReadOnlyList<int?>? Ranks { get; init; }

    /// <summary>Who wrote each answer; null where that is not known.</summary>
    public IReadOnlyList<string>? Sources { get; init; }

    /// <summary>Whether the preferred answer stands first because it is preferred, so that places say nothing else.</summary>
    public bool ChosenFirst { get; init; }

    /// <summary>All pairs of ranked answers that do not tie.</summary>
    public static ComparisonSet FromRanks(params IReadOnlyList<int?> ranks) => new([..
        from better in Enumerable.Range(0, ranks.Count)
        from worse in Enumerable.Range(0, ranks.Count)
        where ranks[better] < ranks[worse]
        select new Comparison(better, worse)])
    {
        Ranks = ranks,
    };
}
