using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Attune.Models.Families;

/// <summary>Reads the keys of a config.json. It is untrusted input: errors name keys that are missing or have the wrong type.</summary>
public sealed class ConfigReader(JsonObject json, string source)
{
    /// <summary>The file's name in error messages.</summary>
    public string Source => source;

    public IEnumerable<string> Keys => json.Select(item => item.Key);

    public bool Has(string key) => json[key] is not null;

    public long Whole(string key, long? absent = null)
    {
        var value = Number(key, absent);
        return value == Math.Floor(value) && Math.Abs(value) < 1L << 40 ? (long)value : throw Wrong(key, "a whole number");
    }

    /// <summary>A whole number of at least 1, such as a width or a number of layers or heads.</summary>
    public long Count(string key, long? absent = null, long most = long.MaxValue) => Whole(key, absent) switch
    {
        < 1 => throw Wrong(key, "at least 1"),
        var value when value > most => throw Wrong(key, $"at most {most}"),
        var value => value,
    };

    /// <summary>
    /// A number of layers, limited so that the model's structure can be built before it is compared with its checkpoint.
    /// </summary>
    public int Layers(string key, long? absent = null) => (int)Count(key, absent, most: 1000);

    public double Number(string key, double? absent = null) => json[key] switch
    {
        null => absent ?? throw new InvalidDataException($"{source}: '{key}' is missing"),
        JsonValue value when value.GetValueKind() == JsonValueKind.Number && double.IsFinite(ToNumber(value)) => ToNumber(value),
        _ => throw Wrong(key, "a number"),
    };

    /// <summary>A number above 0, such as a norm's ε or a divisor.</summary>
    public double Positive(string key, double? absent = null) =>
        Number(key, absent) is > 0 and var value ? value : throw Wrong(key, "above 0");

    /// <summary>A number of at least 0, such as a standard deviation.</summary>
    public double NotNegative(string key, double? absent = null) =>
        Number(key, absent) is >= 0 and var value ? value : throw Wrong(key, "at least 0");

    /// <summary>A probability of dropout: at least 0 and below 1.</summary>
    public double Probability(string key, double? absent = null) =>
        Number(key, absent) is >= 0 and < 1 and var value ? value : throw Wrong(key, "at least 0 and below 1");

    public bool Flag(string key, bool absent) => json[key] switch
    {
        null => absent,
        JsonValue value when value.TryGetValue(out bool flag) => flag,
        _ => throw Wrong(key, "true or false"),
    };

    public string Text(string key, string? absent = null) => json[key] switch
    {
        null => absent ?? throw new InvalidDataException($"{source}: '{key}' is missing"),
        JsonValue value when value.TryGetValue(out string? text) => text,
        _ => throw Wrong(key, "a text"),
    };

    public double[] Numbers(string key) => json[key] is JsonArray array && array.All(item => item?.GetValueKind() == JsonValueKind.Number)
        ? [.. array.Select(item => ToNumber(item!))]
        : throw Wrong(key, "a list of numbers");

    /// <summary>The numbers of a list, or a single number; empty when the key is absent.</summary>
    public double[] NumberOrNumbers(string key) => json[key] switch
    {
        null => [],
        JsonValue => [Number(key)],
        _ => Numbers(key),
    };

    /// <summary>Numbers by name; empty when the key is absent.</summary>
    public IReadOnlyDictionary<string, double> NamedNumbers(string key) => json[key] switch
    {
        null => new Dictionary<string, double>(),
        JsonObject inner when inner.All(item => item.Value?.GetValueKind() == JsonValueKind.Number) =>
            new OrderedDictionary<string, double>(inner.Select(item => KeyValuePair.Create(item.Key, ToNumber(item.Value!)))),
        _ => throw Wrong(key, "an object whose values are numbers"),
    };

    /// <summary>Whether the value of a key is a single string and not a list.</summary>
    public bool IsText(string key) => json[key]?.GetValueKind() == JsonValueKind.String;

    /// <summary>The strings of a list, or a single string; empty when the key is absent.</summary>
    public IReadOnlyList<string> Texts(string key) => json[key] switch
    {
        null => [],
        JsonValue => [Text(key)],
        JsonArray array when array.All(item => item?.GetValueKind() == JsonValueKind.String) => [.. array.Select(item => (string)item!)],
        _ => throw Wrong(key, "a string or a list of strings"),
    };

    /// <summary>Whether the value of a key is set: not null, false or empty.</summary>
    public bool IsSet(string key) => json[key] switch
    {
        null => false,
        JsonObject inner => inner.Count > 0,
        JsonArray array => array.Count > 0,
        var value => value.GetValueKind() != JsonValueKind.False,
    };

    /// <summary>The object under a key, or null if there is none.</summary>
    public ConfigReader? Inner(string key) => json[key] switch
    {
        null => null,
        JsonObject inner => new(inner, $"{source}: {key}"),
        _ => throw Wrong(key, "an object"),
    };

    /// <summary>These keys, overridden by others.</summary>
    public ConfigReader With(JsonObject others)
    {
        var all = json.DeepClone().AsObject();
        foreach (var (key, value) in others)
            all[key] = value?.DeepClone();
        return new(all, source);
    }

    /// <summary>These keys, with others for the ones that the file does not have. A key with the value null stays null.</summary>
    public ConfigReader WithDefaults(JsonObject defaults) => new ConfigReader(defaults, source).With(json);

    /// <summary>A reader of the same file without keys.</summary>
    public ConfigReader Empty() => new([], source);

    static double ToNumber(JsonNode value) => double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture);

    InvalidDataException Wrong(string key, string expected) =>
        new($"{source}: '{key}' must be {expected} (was {json[key]?.ToJsonString() ?? "missing"})");
}
