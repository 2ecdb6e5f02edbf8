
namespace Attune.Quickstart;

/// <summary>The phrases of <c>taste.json</c>, which decide how the simulated guest rates a response.</summary>
sealed record Taste
{
    /// <summary>Phrases of courtesy, thanks and apology.</summary>
    public required string[] Courtesy { get; init; }

    /// <summary>Rude phrases.</summary>
    public required string[] Rude { get; init; }

    /// <summary>Phrases that withdraw an offer: no, cannot, maybe.</summary>
    public required string[] Refusals { get; init; }

    /// <summary>Beginnings of an offer, such as "I will": it is an offer when a deed follows within a word or two.</summary>
    public required string[] Promises { get; init; }

    public required string[] Deeds { get; init; }

    /// <summary>Phrases of facts that answer a question, such as "is served".</summary>
    public required string[] Statements { get; init; }

    /// <summary>Phrases that say when, where or by whom.</summary>
    public required string[] Concrete { get; init; }

    /// <summary>Words that no sentence ends with.</summary>
    public required string[] Dangling { get; init; }

    /// <summary>Words without a topic, which are not counted as shared with the request.</summary>
    public required string[] Plain { get; init; }
}
