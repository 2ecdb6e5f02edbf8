namespace Attune.Store;

/// <summary>What a reviewer did with a decision.</summary>
public enum ReviewState
{
    Accepted,

    /// <summary>The reviewer's own decision replaces it, as an adjudication.</summary>
    Corrected,

    /// <summary>It does not count, and the annotator sees why.</summary>
    Rejected,
}

/// <summary>Who decides an item again after a decision about it was rejected.</summary>
public enum SentTo
{
    /// <summary>The annotator whose decision was rejected: the item is the next one that they get.</summary>
    SamePerson,

    /// <summary>Another annotator; the one whose decision was rejected does not get the item again.</summary>
    OtherPerson,

    /// <summary>Nobody: the item needs one decision less.</summary>
    Nobody,
}

/// <summary>A reviewer's judgment of one revision of a decision.</summary>
public sealed record Review
{
    public long Id { get; init; }

    public long Item { get; init; }

    /// <summary>Who made the decision.</summary>
    public long Person { get; init; }

    public ReviewState State { get; init; }

    /// <summary>Who decides a rejected item again; null unless it was rejected.</summary>
    public SentTo? SentTo { get; init; }

    /// <summary>What the reviewer tells the annotator.</summary>
    public string? Reason { get; init; }

    public long Reviewer { get; init; }

    public DateTimeOffset At { get; init; }

    /// <summary>The decision as the reviewer saw it.</summary>
    public required Annotation Decision { get; init; }
}

/// <summary>A decision that no reviewer has judged in its current revision.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Item">Its item.</param>
/// <param name="Person">Who made it.</param>
/// <param name="At">When it was made.</param>
public sealed record UnreviewedDecision(long Id, long Item, long Person, DateTimeOffset At);

/// <summary>Which decisions to review.</summary>
public sealed record ReviewFilter
{
    /// <summary>Only decisions of this person; everyone's when null.</summary>
    public long? Person { get; init; }

    /// <summary>Only decisions with one of these flags; all when empty.</summary>
    public IReadOnlyList<Flag> Flags { get; init; } = [];

    /// <summary>Only decisions made at this time or later.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Only decisions made before this time.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>The share of the decisions, drawn at random: the same ones at each call.</summary>
    public double Share { get; init; } = 1;
}
