namespace Attune.Store;

/// <summary>An annotation as the store keeps it.</summary>
public sealed record Annotation
{
    public long Id { get; init; }

    public long Item { get; init; }

    public long Person { get; init; }

    /// <summary>Whether it is a reviewer's adjudication, which replaces the votes.</summary>
    public bool Adjudicates { get; init; }

    /// <summary>The decision, by place.</summary>
    public required AnnotationResult Result { get; init; }

    /// <summary>The places of the responses in the order in which they were shown.</summary>
    public required IReadOnlyList<int> Shown { get; init; }

    /// <summary>Time spent on the item, without idle time.</summary>
    public double Seconds { get; init; }

    public DateTimeOffset At { get; init; }

    /// <summary>Starts at 1 and grows by 1 with every edit.</summary>
    public int Revision { get; init; }

    /// <inheritdoc cref="AnnotationResult.For"/>
    public Annotation? For(string? question) => Result.For(question) is { } result ? this with { Result = result } : null;
}
