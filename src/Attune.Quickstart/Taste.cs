
namespace Attune.Quickstart;

/// <summary>The phrases of <c>taste.json</c>: what the simulated guest listens for.</summary>
sealed record Taste
{
    /// <summary>Courtesy, thanks, apology.</summary>
    public required string[] Courtesy { get; init; }

    /// <summary>What snaps at the guest.</summary>
    public required string[] Rude { get; init; }

    /// <summary>What takes an offer back: no, cannot, maybe.</summary>
    public required string[] Refusals { get; init; }

    /// <summary>Beginnings of an offer, "I will": an offer once a deed follows within a word or two.</summary>
    public required string[] Promises { get; init; }

    public required string[] Deeds { get; init; }

    /// <summary>Facts that answer a question, "is served".</summary>
    public required string[] Statements { get; init; }

    /// <summary>When, where, by whom.</summary>
    public required string[] Concrete { get; init; }

    /// <summary>Words that no sentence ends with.</summary>
    public required string[] Dangling { get; init; }

    /// <summary>Words that say nothing about what is asked for.</summary>
    public required string[] Plain { get; init; }
}
