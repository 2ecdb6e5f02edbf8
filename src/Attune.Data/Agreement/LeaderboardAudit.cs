namespace Attune.Data.Agreement;

/// <summary>Three models of which each beats the next one by majority, and the last one beats the first.</summary>
/// <param name="First">The number of a model.</param>
/// <param name="Second">The model that it beats.</param>
/// <param name="Third">The model that the second one beats.</param>
/// <param name="IsClear">Whether chance alone hardly explains any of the three majorities: ½ is outside of their intervals.</param>
public sealed record IntransitiveTriple(int First, int Second, int Third, bool IsClear);

/// <summary>Two models with few comparisons.</summary>
public readonly record struct SparsePair(int First, int Second, int Comparisons);

/// <summary>What may distort a leaderboard.</summary>
public sealed record LeaderboardAudit
{
    /// <summary>Two models need this many comparisons: the interval of a share is then not wider than 0.36.</summary>
    public const int Enough = 30;

    /// <summary>Of decided comparisons, how often the response that was shown first won.</summary>
    public required Proportion ShownFirst { get; init; }

    /// <summary>Of decided comparisons of responses with different lengths, how often the longer one won.</summary>
    public required Proportion Longer { get; init; }

    /// <summary>Comparisons without a winner.</summary>
    public required Proportion Ties { get; init; }

    /// <summary>The comparisons of the most active annotator.</summary>
    public required Proportion MostActive { get; init; }

    /// <summary>How many annotators there are.</summary>
    public int Raters { get; init; }

    /// <summary>
    /// How many annotators with equally many comparisons would concentrate the votes as much: 1 / Σ p², where p are their shares.
    /// </summary>
    public double EffectiveRaters { get; init; }

    /// <summary>Pairs of models that the leaderboard compares, with fewer than <see cref="Enough"/> comparisons; fewest first.</summary>
    public required IReadOnlyList<SparsePair> Sparse { get; init; }

    /// <summary>Those whose majorities are clear come first.</summary>
    public required IReadOnlyList<IntransitiveTriple> Triples { get; init; }

    /// <param name="comparisons">The comparisons of the leaderboard.</param>
    /// <param name="board">The leaderboard.</param>
    public static LeaderboardAudit Compute(IEnumerable<ModelComparison> comparisons, Leaderboard board)
    {
        var (first, longer, lengths, decided, all) = (0, 0, 0, 0, 0);
        var raters = new Dictionary<long, int>();
        foreach (var comparison in comparisons)
        {
            if (comparison.First == comparison.Second)
                continue;
            all++;
            raters[comparison.Rater] = raters.GetValueOrDefault(comparison.Rater) + 1;
            if (comparison.Winner == Winner.Neither)
                continue;
            var won = comparison.Winner == Winner.First;
            decided++;
            first += won == comparison.IsFirstShownFirst ? 1 : 0;
            var difference = comparison.FirstStyle.Length - comparison.SecondStyle.Length;
            lengths += difference == 0 ? 0 : 1;
            longer += difference != 0 && won == difference > 0 ? 1 : 0;
        }
        return new()
        {
            ShownFirst = new(first, decided),
            Longer = new(longer, lengths),
            Ties = new(all - decided, all),
            MostActive = new(raters.Values.DefaultIfEmpty().Max(), all),
            Raters = raters.Count,
            EffectiveRaters = all == 0 ? 0 : 1 / raters.Values.Sum(count => Math.Pow((double)count / all, 2)),
            Sparse = SparsePairs(board),
            Triples = IntransitiveTriples(board),
        };
    }

    static IReadOnlyList<SparsePair> SparsePairs(Leaderboard board)
    {
        var models = board.Models.Select(model => model.Model).Order().ToList();
        return [.. (
            from first in models
            from second in models
            where first < second
            let count = board.Wins[first, second] + board.Wins[second, first] + board.Ties[first, second]
            where count < Enough
            orderby count
            select new SparsePair(first, second, count))];
    }

    static IReadOnlyList<IntransitiveTriple> IntransitiveTriples(Leaderboard board)
    {
        var models = board.Models.Select(model => model.Model).Order().ToList();
        return [.. (
            from first in models
            from second in models
            where first < second && Beats(first, second)
            from third in models
            where third > first && Beats(second, third) && Beats(third, first)
            select new IntransitiveTriple(first, second, third, IsClear(first, second) && IsClear(second, third) && IsClear(third, first)))
            .OrderByDescending(triple => triple.IsClear)];

        bool Beats(int one, int other) => board.Wins[one, other] > board.Wins[other, one];

        bool IsClear(int one, int other) =>
            new Proportion(board.Wins[one, other], board.Wins[one, other] + board.Wins[other, one]).IsUneven;
    }
}
