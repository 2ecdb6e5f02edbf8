namespace Attune.Store;

/// <summary>What a person decided about an item, as it is kept.</summary>
public sealed record Annotation
{
    public long Id { get; init; }

    public long Item { get; init; }

    public long Person { get; init; }

    /// <summary>Whether it is a reviewer's, in the place of the votes.</summary>
    public bool Adjudicates { get; init; }

    /// <summary>By place.</summary>
    public required AnnotationResult Result { get; init; }

    /// <summary>The places of the answers in the order in which they were shown.</summary>
    public required IReadOnlyList<int> Shown { get; init; }

    /// <summary>Spent on it, idle time excluded.</summary>
    public double Seconds { get; init; }

    public DateTimeOffset At { get; init; }

    /// <summary>From 1; grows with every edit.</summary>
    public int Revision { get; init; }
}
