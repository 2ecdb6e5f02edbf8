using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Attune.Store.Export;

/// <summary>Votes and margin of an imported row, which a single decision cannot hold. Stored among the item's other fields.</summary>
/// <param name="Votes">The votes for each of two responses.</param>
/// <param name="Margin">How much better the chosen response is, where that is not a whole number of levels.</param>
sealed record ImportedVotes(IReadOnlyList<int>? Votes, double? Margin)
{
    /// <summary>The name of the field.</summary>
    public const string Field = "imported";

    [JsonIgnore]
    public (int, int)? Counts => Votes is [var first, var second] ? (first, second) : null;

    public static ImportedVotes? FromExtra(string? extra)
    {
        if (extra is null)
            return null;
        using var document = JsonDocument.Parse(extra);
        return document.RootElement.TryGetProperty(Field, out var field) ? field.Deserialize<ImportedVotes>(SqlTypes.Json) : null;
    }

    /// <summary>The other fields without this one; null where there are none.</summary>
    public static JsonObject? Without(JsonObject? extra)
    {
        extra?.Remove(Field);
        return extra is { Count: > 0 } ? extra : null;
    }
}
