namespace Attune.Store.Export;

/// <summary>One annotator's order of the responses of an item.</summary>
/// <param name="Ranks">Ranks by place, smaller is better, null for not ranked; null where all responses are bad.</param>
/// <param name="Ratings">Ratings by place, where there are ratings and no ranks.</param>
/// <param name="Margin">How much better the chosen response is; null where that was not asked.</param>
/// <param name="Counts">The votes for each response, for an imported decision about two responses.</param>
/// <param name="Person">The annotator.</param>
sealed record AnnotatorRanking(
    IReadOnlyList<int?>? Ranks, IReadOnlyList<int?>? Ratings, double? Margin, (int First, int Second)? Counts, long Person)
{
    /// <summary>Whether only the best and the worst response were chosen: equal ranks are then no tie, but no comparison.</summary>
    public bool IsBestWorst { get; init; }

    /// <summary>
    /// Compares two responses: −1 where the first is better, 1 where the second is, 0 for a tie; null where they were not compared.
    /// </summary>
    public int? Order(int first, int second) =>
        Ranks?[first] is { } a && Ranks[second] is { } b && (a != b || !IsBestWorst) ? a.CompareTo(b) : null;

    public static AnnotatorRanking FromAnnotation(Annotation decision, ImportedVotes? imported) => decision.Result switch
    {
        { Outcome: Outcome.AllBad } => new(null, null, null, null, decision.Person),
        { Outcome: Outcome.Rated } rated => new([.. rated.Ratings!.Select(rating => -rating)], rated.Ratings, null, null, decision.Person),
        { Outcome: Outcome.BestWorst } chosen => new(chosen.Ranks, null, null, null, decision.Person) { IsBestWorst = true },
        var ranked => new(ranked.Ranks, null, imported?.Margin ?? ranked.Strength, imported?.Counts, decision.Person),
    };
}
