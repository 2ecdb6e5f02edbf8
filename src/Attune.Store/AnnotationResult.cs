namespace Attune.Store;

public enum Outcome
{
    /// <summary>Answers were put in order; equal ranks are ties.</summary>
    Ranked,

    /// <summary>None of the answers is acceptable, which is not a tie.</summary>
    AllBad,

    /// <summary>Answers got levels and were not put in order.</summary>
    Rated,

    /// <summary>No decision.</summary>
    Skipped,
}

/// <summary>What is wrong with an item, whatever its ranks.</summary>
public enum Flag
{
    Unsafe,
    Broken,
    PersonalData,
}

/// <summary>What somebody says of an item. Lists have an entry for each answer: by places in the store, as shown on the page.</summary>
public sealed record AnnotationResult
{
    public Outcome Outcome { get; init; }

    /// <summary>0 the best, equal for ties, null for an answer that was not ranked.</summary>
    public IReadOnlyList<int?>? Ranks { get; init; }

    /// <summary>How much better the better of a pair is: 0 to 3 of 4 levels, 1 to 3 of a scale of 7, 1 to 4 of 9; null for none and for ties.</summary>
    public int? Strength { get; init; }

    /// <summary>A level from 1 for each answer, null for one that was not rated.</summary>
    public IReadOnlyList<int?>? Ratings { get; init; }

    public IReadOnlyList<Flag> Flags { get; init; } = [];

    public string? Rationale { get; init; }

    /// <summary>An answer that the person wrote.</summary>
    public string? Ideal { get; init; }

    public string? SkipReason { get; init; }

    /// <summary>The same with lists by place, where <paramref name="shown"/> names the place of each answer that was shown.</summary>
    public AnnotationResult ByPlace(IReadOnlyList<int> shown) => this with { Ranks = Placed(Ranks, shown), Ratings = Placed(Ratings, shown) };

    /// <summary>The same with lists as shown.</summary>
    public AnnotationResult AsShown(IReadOnlyList<int> shown) =>
        this with { Ranks = Ranks is null ? null : [.. shown.Select(place => Ranks[place])], Ratings = Ratings is null ? null : [.. shown.Select(place => Ratings[place])] };

    static int?[]? Placed(IReadOnlyList<int?>? values, IReadOnlyList<int> shown)
    {
        if (values is null)
            return null;
        var placed = new int?[shown.Count];
        for (var i = 0; i < shown.Count; i++)
            placed[shown[i]] = values[i];
        return placed;
    }
}
