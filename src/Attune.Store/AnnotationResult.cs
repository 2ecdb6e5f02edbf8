namespace Attune.Store;

public enum Outcome
{
    /// <summary>The responses were ranked; equal ranks are ties. In a demonstration there are none, and the person wrote one.</summary>
    Ranked,

    /// <summary>None of the responses is acceptable, which is not a tie.</summary>
    AllBad,

    /// <summary>The responses were rated and not ranked.</summary>
    Rated,

    /// <summary>The annotator skipped the item.</summary>
    Skipped,

    /// <summary>
    /// The best response, with rank 0, and the worst, with rank 2, were chosen. The others have rank 1; they are not compared with each
    /// other.
    /// </summary>
    BestWorst,
}

/// <summary>Problems of an item that an annotator can flag, independent of the ranks.</summary>
public enum Flag
{
    Unsafe,
    Broken,
    PersonalData,
}

/// <summary>
/// What an annotator decided about an item. Lists have one entry per response: by place in the store, in the order shown on the page.
/// </summary>
public sealed record AnnotationResult
{
    public Outcome Outcome { get; init; }

    /// <summary>0 is the best, equal ranks are ties, null is a response that was not ranked.</summary>
    public IReadOnlyList<int?>? Ranks { get; init; }

    /// <summary>
    /// How much better the chosen response of a pair is: 0 to 3 with 4 levels, 1 to 3 on a scale of 7, 1 to 4 on a scale of 9; null when
    /// not asked and for ties.
    /// </summary>
    public int? Strength { get; init; }

    /// <summary>A level from 1 for each response, null for one that was not rated.</summary>
    public IReadOnlyList<int?>? Ratings { get; init; }

    /// <summary>
    /// The decisions on all questions but the first, by key; null where the project has one question. <see cref="Outcome"/> and the lists
    /// above are the decision on the first question.
    /// </summary>
    public IReadOnlyDictionary<string, Judgment>? Judgments { get; init; }

    public IReadOnlyList<Flag> Flags { get; init; } = [];

    public string? Rationale { get; init; }

    /// <summary>A better response that the annotator wrote.</summary>
    public string? Ideal { get; init; }

    public string? SkipReason { get; init; }

    /// <summary>The decision on one question, as if it were the only one.</summary>
    /// <param name="question">The key of a question other than the first; null for the first.</param>
    /// <returns>Null where the annotator has not decided it.</returns>
    public AnnotationResult? For(string? question) => question is null || Outcome == Outcome.Skipped ? this with { Judgments = null }
        : Judgments?.GetValueOrDefault(question) is { } own
            ? this with { Outcome = own.Outcome, Ranks = own.Ranks, Strength = own.Strength, Ratings = own.Ratings, Judgments = null }
            : null;

    /// <summary>The same with lists by place, where <paramref name="shown"/> has the place of each response in the order shown.</summary>
    public AnnotationResult ByPlace(IReadOnlyList<int> shown) =>
        WithLists(list => Placed(list, shown));

    /// <summary>The same with lists in the order shown.</summary>
    public AnnotationResult AsShown(IReadOnlyList<int> shown) =>
        WithLists(list => [.. shown.Select(place => list[place])]);

    AnnotationResult WithLists(Func<IReadOnlyList<int?>, int?[]> change)
    {
        return this with
        {
            Ranks = Changed(Ranks),
            Ratings = Changed(Ratings),
            Judgments = Judgments?.ToDictionary(own => own.Key,
                own => own.Value with { Ranks = Changed(own.Value.Ranks), Ratings = Changed(own.Value.Ratings) }, StringComparer.Ordinal),
        };

        int?[]? Changed(IReadOnlyList<int?>? list) => list is null ? null : change(list);
    }

    static int?[] Placed(IReadOnlyList<int?> values, IReadOnlyList<int> shown)
    {
        var placed = new int?[shown.Count];
        for (var i = 0; i < shown.Count; i++)
            placed[shown[i]] = values[i];
        return placed;
    }
}
