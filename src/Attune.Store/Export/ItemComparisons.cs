namespace Attune.Store.Export;

/// <summary>An item with its prompt and responses as JSON: texts, or lists of messages.</summary>
sealed record ExportedItem(long Id, string Prompt, string? Extra, int RatingLevels, IReadOnlyList<(string Text, string? Source)> Answers)
{
    /// <summary>Whether rows have all fields of <see cref="Extra"/>, or those of conversations only.</summary>
    public bool OtherFields { get; init; } = true;
}

/// <summary>
/// The votes on an item and the comparisons that they imply. The candidates are the item's responses, followed by the better responses that
/// annotators wrote, where those count as better than all others.
/// </summary>
sealed record ItemComparisons(ExportedItem Item, IReadOnlyList<AnnotatorRanking> Rankings, IReadOnlyList<string> Ideals)
{
    const string IdealSource = "ideal";

    /// <summary>The weights of the votes; null where every vote counts the same, and where a reviewer adjudicated.</summary>
    public AbilityWeights? Weights { get; init; }

    /// <summary>The votes on each of several questions, and its weight; empty where one question is exported.</summary>
    public IReadOnlyList<(ItemComparisons Comparisons, double Weight)> Questions { get; init; } = [];

    public int Count => Item.Answers.Count + Ideals.Count;

    public string Text(int candidate) =>
        candidate < Item.Answers.Count ? Item.Answers[candidate].Text : Ideals[candidate - Item.Answers.Count];

    public string? Source(int candidate) => candidate < Item.Answers.Count ? Item.Answers[candidate].Source : IdealSource;

    public bool IsIdeal(int candidate) => candidate >= Item.Answers.Count;

    /// <summary>Whether more than half of the votes are "all bad".</summary>
    public bool AllBad => 2 * Rankings.Count(vote => vote.Ranks is null) > Rankings.Count;

    public VoteCounts Compare(int first, int second)
    {
        if (IsIdeal(first) || IsIdeal(second))
            return new(IsIdeal(first) && !IsIdeal(second) ? 1 : 0, IsIdeal(second) && !IsIdeal(first) ? 1 : 0, 0, 0);
        var (better, worse, ties, bad) = (0, 0, 0, 0);
        foreach (var vote in Rankings)
            if (vote.Ranks is null)
                bad++;
            else if (vote.Counts is { } counts)
                (better, worse) = first < second ? (better + counts.First, worse + counts.Second)
                    : (better + counts.Second, worse + counts.First);
            else if (vote.Order(first, second) is { } order)
                (better, worse, ties) = (better + (order < 0 ? 1 : 0), worse + (order > 0 ? 1 : 0), ties + (order == 0 ? 1 : 0));
        return new(better, worse, ties, bad);
    }

    /// <summary>Which of two responses is better: 1 for the first, −1 for the second, otherwise 0.</summary>
    /// <returns>Also the probability of it; null where votes are counted and not weighted.</returns>
    public (int Winner, double? Label) Decide(int first, int second)
    {
        var counts = Compare(first, second);
        if (Questions.Count > 0 && !IsIdeal(first) && !IsIdeal(second))
            return WeightedByQuestion(first, second);
        if (Weights is null || IsIdeal(first) || IsIdeal(second) || Rankings.Any(vote => vote.Counts is not null))
            return (counts.Winner, null);
        return counts.First + counts.Second > counts.Ties + counts.Bad ? Weights.Decide(Rankings, first, second) : (0, null);
    }

    (int Winner, double? Label) WeightedByQuestion(int first, int second)
    {
        var (better, all) = (0.0, 0.0);
        foreach (var (question, weight) in Questions)
            if (question.Compare(first, second) is { Total: > 0 } votes)
                (better, all) = (better + weight * votes.Share, all + weight);
        var label = all == 0 ? 0.5 : better / all;
        return (label.CompareTo(0.5), Math.Round(Math.Max(label, 1 - label), AbilityWeights.Decimals));
    }

    /// <summary>How much better, as the mean over the votes that say so; null where none does.</summary>
    public double? Margin(int better, int worse) => Questions.Count > 0 || IsIdeal(better) || IsIdeal(worse) ? null
        : Rankings.Where(vote => vote.Order(better, worse) < 0).Average(vote => vote.Margin);

    /// <summary>How many votes on pairs there are, and how many of them agree with the majority.</summary>
    public (int Agreeing, int Total) Agreement()
    {
        var (agreeing, total) = (0, 0);
        foreach (var (question, _) in Questions)
            if (question.Agreement() is var (some, of))
                (agreeing, total) = (agreeing + some, total + of);
        if (Questions.Count > 0)
            return (agreeing, total);
        foreach (var (first, second) in Pairs(Item.Answers.Count))
            if (Compare(first, second) is { Total: > 0 } comparison)
                (agreeing, total) = (agreeing + comparison.Most, total + comparison.Total);
        return (agreeing, total);
    }

    /// <summary>
    /// For each candidate, how many others it beats by majority minus how many beat it (Copeland 1951), which gives an order even where
    /// majorities form a cycle; null for a candidate that nobody ranked. A single vote gives its own order.
    /// </summary>
    public IReadOnlyList<int?> Standings()
    {
        var standings = new int?[Count];
        foreach (var (first, second) in Pairs(Count))
            if (Compare(first, second) is { First: var better, Second: var worse, Ties: var ties } comparison && better + worse + ties > 0)
            {
                standings[first] = (standings[first] ?? 0) + comparison.Winner;
                standings[second] = (standings[second] ?? 0) - comparison.Winner;
            }
        return standings;
    }

    /// <summary>The mean rating of a response; null where it has none.</summary>
    public double? Rating(int candidate) => IsIdeal(candidate) ? null : Rankings.Average(vote => vote.Ratings?[candidate]);

    public static IEnumerable<(int First, int Second)> Pairs(int count) =>
        from first in Enumerable.Range(0, count)
        from second in Enumerable.Range(first + 1, count - first - 1)
        select (first, second);
}
