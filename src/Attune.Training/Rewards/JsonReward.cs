using System.Text.Json;

namespace Attune.Training.Rewards;

/// <summary>1 for an answer that is JSON, and an object with the keys that are required; 0 for another.</summary>
public sealed record JsonReward : RuleReward
{
    public override string Kind => "json";

    /// <summary>Keys that the object must have; empty for JSON of any kind.</summary>
    public IReadOnlyList<string> Required { get; init; } = [];

    public override double Score(TextResponse answer)
    {
        try
        {
            using var document = JsonDocument.Parse(answer.Text);
            var root = document.RootElement;
            return Required.Count == 0 || (root.ValueKind == JsonValueKind.Object && Required.All(key => root.TryGetProperty(key, out _))) ? 1 : 0;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)       // the latter of a key that is half of a surrogate pair
        {
            return 0;
        }
    }
}
