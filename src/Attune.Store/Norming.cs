namespace Attune.Store;

/// <summary>A session in which people decide the same items without seeing the others' decisions, and then compare them.</summary>
public sealed record Norming
{
    public long Id { get; init; }

    public required string Title { get; init; }

    public DateTimeOffset StartedAt { get; init; }

    /// <summary>Whether everybody may see the decisions.</summary>
    public bool IsClosed { get; init; }

    /// <summary>The items, in the order of their ids.</summary>
    public IReadOnlyList<long> Items { get; init; } = [];

    /// <summary>The people who take part, each with the number of items that they have decided or skipped.</summary>
    public IReadOnlyDictionary<long, int> People { get; init; } = new Dictionary<long, int>();
}

/// <summary>What somebody wrote about an item of a session.</summary>
/// <param name="Item">The id of the item.</param>
/// <param name="Person">The id of the author.</param>
/// <param name="Text">The text.</param>
/// <param name="At">When it was written.</param>
public sealed record NormingNote(long Item, long Person, string Text, DateTimeOffset At);
