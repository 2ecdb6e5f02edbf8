namespace Attune.Store;

/// <summary>The state or kind of items to search for.</summary>
public enum ItemState
{
    Any,

    /// <summary>It needs more decisions.</summary>
    Open,

    /// <summary>It has as many decisions as needed.</summary>
    Done,

    /// <summary>An annotator skipped it.</summary>
    Skipped,

    /// <summary>An annotator flagged it.</summary>
    Flagged,

    Check,

    Calibration,
}

/// <summary>A search for items of a project.</summary>
/// <param name="Text">Text in the prompt or a response, ignoring the case of ASCII letters; all items when empty.</param>
/// <param name="State">The state or kind of the items.</param>
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
