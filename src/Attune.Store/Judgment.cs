namespace Attune.Store;

/// <summary>What an annotator decided about one question of an item. Lists are as in <see cref="AnnotationResult"/>.</summary>
public sealed record Judgment
{
    public Outcome Outcome { get; init; }

    public IReadOnlyList<int?>? Ranks { get; init; }

    public int? Strength { get; init; }

    public IReadOnlyList<int?>? Ratings { get; init; }
}
