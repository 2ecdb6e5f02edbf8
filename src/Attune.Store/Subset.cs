using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Data.Agreement;

namespace Attune.Store;

/// <summary>The part of an item's responses that annotators see together in a project of best–worst choices.</summary>
/// <param name="Group">Identifies the item that was divided.</param>
/// <param name="Places">The places of the responses in that item.</param>
/// <param name="Of">How many responses that item had.</param>
sealed record Subset(string Group, IReadOnlyList<int> Places, int Of)
{
    /// <summary>The name of the field among the other fields of an item.</summary>
    public const string Field = "subset";

    /// <summary>The items of the subsets of an item; the item itself where all its responses are shown together.</summary>
    public static IEnumerable<Item> Divide(Item item)
    {
        if (item.Answers.Count <= BestWorstDesign.Size)
            return [item];
        var group = Guid.NewGuid().ToString("N");
        return BestWorstDesign.Subsets(item.Answers.Count).Select(places => item with
        {
            Answers = [.. places.Select(place => item.Answers[place])],
            Expected = item.Expected is { } ranks ? [.. places.Select(place => ranks[place])] : null,
            Extra = WithSubset(item.Extra, new(group, places, item.Answers.Count)),
        });
    }

    static JsonObject WithSubset(JsonObject? extra, Subset subset)
    {
        var fields = extra?.DeepClone().AsObject() ?? new JsonObject();
        fields[Field] = JsonSerializer.SerializeToNode(subset, SqlTypes.Json);
        return fields;
    }

    public static Subset? FromExtra(string? extra)
    {
        if (extra is null)
            return null;
        using var document = JsonDocument.Parse(extra);
        return document.RootElement.TryGetProperty(Field, out var field) ? field.Deserialize<Subset>(SqlTypes.Json) : null;
    }
}
