namespace Attune.Store;

/// <summary>How far an item is, or what it is.</summary>
public enum ItemState
{
    Any,

    /// <summary>More decisions are wanted.</summary>
    Open,

    /// <summary>It has as many decisions as wanted.</summary>
    Done,

    /// <summary>Somebody skipped it.</summary>
    Skipped,

    /// <summary>Somebody flagged it.</summary>
    Flagged,

    Check,

    Calibration,
}

/// <summary>What is looked for among the items of a project.</summary>
/// <param name="Text">In the prompt or an answer, with no heed to the case of ASCII letters; everything when empty.</param>
/// <param name="State">What the items have in common.</param>
public sealed record ItemSearch(string Text = "", ItemState State = ItemState.Any);

/// <summary>An item in a list.</summary>
public sealed record ItemLine
{
    public long Id { get; init; }

    public ItemKind Kind { get; init; }

    /// <summary>The beginning of the prompt, or of its last message.</summary>
    public required string Prompt { get; init; }

    public int Answers { get; init; }

    public int Wanted { get; init; }

    public int Decided { get; init; }

    public int Skipped { get; init; }

    public bool Flagged { get; init; }
}
