using System.Text.Json.Nodes;

namespace Attune.Models.Heads;

/// <summary>
/// Turns the logits of a reward model's heads into scores with a common level and unit: score = (logit − shift) / scale for each head.
/// Stored in config.json under <c>attune_reward</c>, which other programs ignore.
/// </summary>
/// <param name="Shift">One for each head.</param>
/// <param name="Scale">One for each head, above 0.</param>
public sealed record RewardScale(IReadOnlyList<double> Shift, IReadOnlyList<double> Scale)
{
    internal const string Key = "attune_reward";
    const string SeparatorKey = "stepSeparator";
    const int MostHeads = 1024;

    /// <summary>The scale in a config.json; null where logits are scores.</summary>
    /// <exception cref="InvalidDataException">The scale in the file is invalid.</exception>
    internal static RewardScale? FromConfig(JsonObject config, string source)
    {
        if (Section(config, source) is not { } json || !(json.ContainsKey("shift") || json.ContainsKey("scale")))
            return null;
        var heads = Heads(config, source);
        var (shift, scale) = (Numbers(json, "shift", source), Numbers(json, "scale", source));
        return shift.Length == heads && scale.Length == heads && Array.TrueForAll(scale, number => number > 0)
            ? new(shift, scale)
            : throw new InvalidDataException(
                $"{source}: '{Key}' must have a shift and a scale above 0 for each of {heads} heads "
                + $"(was {shift.Length} and {scale.Length})");
    }

    /// <summary>The number of heads; 1 unless config.json has another.</summary>
    internal static int Heads(JsonObject config, string source) => Section(config, source)?["heads"] switch
    {
        null => 1,
        JsonValue value when value.TryGetValue(out int heads) && heads is >= 1 and <= MostHeads => heads,
        var other => throw new InvalidDataException(
            $"{source}: '{Key}.heads' must be a whole number from 1 to {MostHeads} (was {other.ToJsonString()})"),
    };

    /// <summary>
    /// The text that ends a step, of a process reward model; null for a model that scores whole responses. A model of another program is
    /// known by its class, and its separator is taken to be TRL's, a line break.
    /// </summary>
    internal static string? StepSeparator(JsonObject config, string source) => Section(config, source)?[SeparatorKey] switch
    {
        null => ClassifiesTokens(config) ? "\n" : null,
        JsonValue value when value.TryGetValue(out string? text) && text.Length > 0 => text,
        var other => throw new InvalidDataException(
            $"{source}: '{Key}.{SeparatorKey}' must be a text that is not empty (was {other.ToJsonString()})"),
    };

    static bool ClassifiesTokens(JsonObject config) => config["architectures"] is JsonArray { Count: 1 } classes
        && classes[0] is JsonValue name && name.TryGetValue(out string? text)
        && text.EndsWith("ForTokenClassification", StringComparison.Ordinal);

    /// <summary>
    /// Writes the number of heads, the scale and the separator of steps into a config.json; writes nothing for one head without these.
    /// </summary>
    internal static void Write(JsonObject config, int heads, RewardScale? scale, string? stepSeparator = null)
    {
        config.Remove(Key);
        if (heads == 1 && scale is null && stepSeparator is null)
            return;
        var json = new JsonObject { ["heads"] = heads };
        if (stepSeparator is not null)
            json[SeparatorKey] = stepSeparator;
        if (scale is not null)
        {
            json["shift"] = new JsonArray([.. scale.Shift.Select(number => (JsonNode)number)]);
            json["scale"] = new JsonArray([.. scale.Scale.Select(number => (JsonNode)number)]);
        }
        config[Key] = json;
    }

    static JsonObject? Section(JsonObject config, string source) => config[Key] switch
    {
        null => null,
        JsonObject json => json,
        _ => throw new InvalidDataException($"{source}: '{Key}' must be an object"),
    };

    static double[] Numbers(JsonObject json, string name, string source) =>
        json[name] is JsonArray list
        && list.All(item => item is JsonValue value && value.TryGetValue(out double number) && double.IsFinite(number))
            ? [.. list.Select(item => item!.GetValue<double>())]
            : throw new InvalidDataException($"{source}: '{Key}.{name}' must be a list of numbers, one for each head");
}
