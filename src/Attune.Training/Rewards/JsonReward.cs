using System.Text.Json;

namespace Attune.Training.Rewards;

/// <summary>1 for a response that is JSON, and an object with the required keys where there are any; else 0.</summary>
public sealed record JsonReward : RuleReward
{
    public override string Kind => "json";

    /// <summary>Keys that the object must have; empty for any JSON.</summary>
    public IReadOnlyList<string> Required { get; init; } = [];

    public override double Score(TextResponse answer)
    {
        try
        {
            using var document = JsonDocument.Parse(answer.Text);
            var root = document.RootElement;
            return Required.Count == 0 || (root.ValueKind == JsonValueKind.Object && Required.All(key => root.TryGetProperty(key, out _)))
                ? 1
                : 0;
        }
        // the latter for a key with half of a surrogate pair
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return 0;
        }
    }
}
