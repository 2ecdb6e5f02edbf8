using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Attune.Models.Families;

/// <summary>Reads the keys of a config.json, which is untrusted input: what is missing or of the wrong kind is named.</summary>
public sealed class ConfigReader(JsonObject json, string source)
{
    /// <summary>Where the keys come from, as messages say it.</summary>
    public string Source => source;

    public IEnumerable<string> Keys => json.Select(item => item.Key);

    public bool Has(string key) => json[key] is not null;

    public long Whole(string key, long? absent = null)
    {
        var value = Number(key, absent);
        return value == Math.Floor(value) && Math.Abs(value) < 1L << 40 ? (long)value : throw Wrong(key, "a whole number");
    }

    /// <summary>A whole number of at least 1: a width, a count of layers or heads.</summary>
    public long Count(string key, long? absent = null, long most = long.MaxValue) => Whole(key, absent) switch
    {
        < 1 => throw Wrong(key, "a number of at least 1"),
        var value when value > most => throw Wrong(key, $"a number of at most {most}"),
        var value => value,
    };

    /// <summary>How many layers there are; so few that a model can be laid out before it is compared with its checkpoint.</summary>
    public int Layers(string key, long? absent = null) => (int)Count(key, absent, most: 1000);

    public double Number(string key, double? absent = null) => json[key] switch
    {
        null => absent ?? throw new InvalidDataException($"{source}: '{key}' is missing"),
        JsonValue value when value.GetValueKind() == JsonValueKind.Number => ToNumber(value),
        _ => throw Wrong(key, "a number"),
    };

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

    /// <summary>Numbers in a list, or a single one; none when the key is absent.</summary>
    public double[] NumberOrNumbers(string key) => json[key] switch
    {
        null => [],
        JsonValue => [Number(key)],
        _ => Numbers(key),
    };

    /// <summary>Numbers by name; none when the key is absent.</summary>
    public IReadOnlyDictionary<string, double> NamedNumbers(string key) => json[key] switch
    {
        null => new Dictionary<string, double>(),
        JsonObject inner when inner.All(item => item.Value?.GetValueKind() == JsonValueKind.Number) =>
            new OrderedDictionary<string, double>(inner.Select(item => KeyValuePair.Create(item.Key, ToNumber(item.Value!)))),
        _ => throw Wrong(key, "an object of numbers"),
    };

    /// <summary>Whether there is one text under a key, and no list.</summary>
    public bool IsText(string key) => json[key]?.GetValueKind() == JsonValueKind.String;

    /// <summary>Texts in a list, or a single one; none when the key is absent.</summary>
    public IReadOnlyList<string> Texts(string key) => json[key] switch
    {
        null => [],
        JsonValue => [Text(key)],
        JsonArray array when array.All(item => item?.GetValueKind() == JsonValueKind.String) => [.. array.Select(item => (string)item!)],
        _ => throw Wrong(key, "a text or a list of texts"),
    };

    /// <summary>Whether a key says something: anything but null, false and what is empty.</summary>
    public bool IsSet(string key) => json[key] switch
    {
        null => false,
        JsonObject inner => inner.Count > 0,
        JsonArray array => array.Count > 0,
        var value => value.GetValueKind() != JsonValueKind.False,
    };

    /// <summary>The object under a key, or null when there is none.</summary>
    public ConfigReader? Inner(string key) => json[key] switch
    {
        null => null,
        JsonObject inner => new(inner, $"{source}: {key}"),
        _ => throw Wrong(key, "an object"),
    };

    /// <summary>The same keys with others over them.</summary>
    public ConfigReader With(JsonObject others)
    {
        var all = json.DeepClone().AsObject();
        foreach (var (key, value) in others)
            all[key] = value?.DeepClone();
        return new(all, source);
    }

    /// <summary>The same keys, and these where the file has none; a key that says null keeps it.</summary>
    public ConfigReader WithDefaults(JsonObject defaults) => new ConfigReader(defaults, source).With(json);

    /// <summary>No keys, from the same file.</summary>
    public ConfigReader Empty() => new([], source);

    static double ToNumber(JsonNode value) => double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture);

    InvalidDataException Wrong(string key, string expected) =>
        new($"{source}: '{key}' should be {expected}, found {json[key]?.ToJsonString() ?? "nothing"}");
}
