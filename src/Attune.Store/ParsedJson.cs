using System.Text.Json;

namespace Attune.Store;

/// <summary>Values that a column has as JSON. Each different value is parsed once, since many rows share few of them.</summary>
sealed class ParsedJson<T>
{
    readonly Dictionary<string, T> known = new(StringComparer.Ordinal);

    public T Parse(string json)
    {
        if (!known.TryGetValue(json, out var value))
            known.Add(json, value = JsonSerializer.Deserialize<T>(json, SqlTypes.Json)!);
        return value;
    }
}
