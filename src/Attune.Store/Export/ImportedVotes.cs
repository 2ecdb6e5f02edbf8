using System.Text.Json;
using System.Text.Json.Serialization;

namespace Attune.Store.Export;

/// <summary>What a row that was imported says beside its ranks, and what a single decision cannot hold. Kept in the item's other fields.</summary>
/// <param name="Votes">Of two answers: how many people were for each.</param>
/// <param name="Margin">How much better the better answer is, where that is no whole number of levels.</param>
sealed record ImportedVotes(IReadOnlyList<int>? Votes, double? Margin)
{
    /// <summary>The field's name.</summary>
    public const string Field = "imported";

    /// <summary>The person who stands for whoever made imported decisions.</summary>
    public const string Person = "imported";

    [JsonIgnore]
    public (int, int)? Counts => Votes is [var first, var second] ? (first, second) : null;

    public static ImportedVotes? FromExtra(string? extra)
    {
        if (extra is null)
            return null;
        using var document = JsonDocument.Parse(extra);
        return document.RootElement.TryGetProperty(Field, out var field) ? field.Deserialize<ImportedVotes>(SqlTypes.Json) : null;
    }
}
