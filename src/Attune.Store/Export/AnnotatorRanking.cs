namespace Attune.Store.Export;

/// <summary>A decision as it counts.</summary>
/// <param name="Ranks">By place, the smaller the better, null for not ranked; null where all answers are bad.</param>
/// <param name="Ratings">By place, where there are ratings and no ranks.</param>
/// <param name="Margin">How much better the better one is; null where that was not asked.</param>
/// <param name="Counts">Of an imported decision about two answers: how many were for each.</param>
sealed record AnnotatorRanking(IReadOnlyList<int?>? Ranks, IReadOnlyList<int?>? Ratings, double? Margin, (int First, int Second)? Counts)
{
    /// <summary>Which of two answers is better: −1 the first, 1 the second, 0 none; null where one of them was not ranked.</summary>
    public int? Order(int first, int second) => Ranks?[first] is { } a && Ranks[second] is { } b ? a.CompareTo(b) : null;

    public static AnnotatorRanking FromAnnotation(Annotation decision, ImportedVotes? imported) => decision.Result switch
    {
        { Outcome: Outcome.AllBad } => new(null, null, null, null),
        { Outcome: Outcome.Rated } rated => new([.. rated.Ratings!.Select(rating => -rating)], rated.Ratings, null, null),
        var ranked => new(ranked.Ranks, null, imported?.Margin ?? ranked.Strength, imported?.Counts),
    };
}
