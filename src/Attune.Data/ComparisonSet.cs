namespace Attune.Data;

/// <summary>A comparison: one response is better than another.</summary>
/// <param name="Chosen">The index of the better response.</param>
/// <param name="Rejected">The index of the worse response.</param>
public sealed record Comparison(int Chosen, int Rejected)
{
    /// <summary>How much better, in the levels or points of the data; null where the data do not say.</summary>
    public double? Margin { get; init; }

    /// <summary>The share of annotators who chose the better response, from ½ to 1.</summary>
    public double Share { get; init; } = 1;

    /// <summary>How many annotators voted; 0 where that is not known.</summary>
    public int Votes { get; init; }

    /// <summary>A comparison from the share of votes for the first response; below one half, the second is chosen.</summary>
    /// <param name="first">The index of the first response.</param>
    /// <param name="second">The index of the second response.</param>
    /// <param name="share">The share of votes for the first response.</param>
    public static Comparison FromShare(int first, int second, double share) =>
        share >= 0.5 ? new(first, second) { Share = share } : new(second, first) { Share = 1 - share };
}

/// <summary>All comparisons of the responses to a prompt. A response without a comparison is in no pair.</summary>
public sealed record ComparisonSet(IReadOnlyList<Comparison> Comparisons)
{
    /// <summary>
    /// The ranks that the pairs come from, 0 for the best; null for a response that was not ranked. Null where the data give pairs.
    /// </summary>
    public IReadOnlyList<int?>? Ranks { get; init; }

    /// <summary>The scores that the ranks come from; null where the data give none.</summary>
    public IReadOnlyList<double>? Scores { get; init; }

    /// <summary>Who wrote each response; null where that is not known.</summary>
    public IReadOnlyList<string>? Sources { get; init; }

    /// <summary>Whether the chosen response is always first, so that the order says nothing else.</summary>
    public bool ChosenFirst { get; init; }

    /// <summary>The first response with the best or the worst rank; null without ranks.</summary>
    public int? Extreme(PairSide side)
    {
        var wanted = side == PairSide.Chosen ? Ranks?.Min() : Ranks?.Max();
        return wanted is null ? null : Ranks!.Index().First(rank => rank.Item == wanted).Index;
    }

    /// <summary>All pairs of ranked responses that do not tie.</summary>
    public static ComparisonSet FromRanks(params IReadOnlyList<int?> ranks) => new([..
        from better in Enumerable.Range(0, ranks.Count)
        from worse in Enumerable.Range(0, ranks.Count)
        where ranks[better] < ranks[worse]
        select new Comparison(better, worse)])
    {
        Ranks = ranks,
    };

    /// <summary>All pairs of responses with different scores; the higher score is better.</summary>
    public static ComparisonSet FromScores(IReadOnlyList<double> scores)
    {
        var order = scores.Distinct().OrderDescending().ToList();
        return FromRanks([.. scores.Select(score => (int?)order.IndexOf(score))]) with { Scores = scores };
    }
}
