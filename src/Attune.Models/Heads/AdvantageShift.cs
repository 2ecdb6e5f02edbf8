using System.Text.Json.Nodes;
using Attune.Models.Families;

namespace Attune.Models.Heads;

/// <summary>
/// How a model with <see cref="IlqlHeads"/> generates by default: β (Q − V) is added to the log-probabilities, then the most likely tokens
/// are kept. config.json has it under <c>attune_advantage</c>, which transformers ignores: <c>{"beta": 1, "top_k": 20}</c>.
/// </summary>
/// <param name="Beta">β; 0 for no shift.</param>
/// <param name="TopK">How many tokens are kept; 0 for all.</param>
public sealed record AdvantageShift(double Beta, int TopK)
{
    const string Key = "attune_advantage";

    /// <summary>The settings that a config.json or an adapter_config.json has; null without them.</summary>
    /// <exception cref="InvalidDataException">A setting is invalid.</exception>
    internal static AdvantageShift? FromConfig(ConfigReader config) =>
        config.Inner(Key) is { } own ? new(own.Number("beta"), (int)Math.Min(own.Whole("top_k", absent: 0), int.MaxValue)) : null;

    internal static void WriteConfig(JsonObject config, AdvantageShift? shift)
    {
        config.Remove(Key);
        if (shift is not null)
            config[Key] = new JsonObject { ["beta"] = shift.Beta, ["top_k"] = shift.TopK };
    }
}
