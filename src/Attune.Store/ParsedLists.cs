using System.Text.Json;

namespace Attune.Store;

/// <summary>Lists that a column has as JSON. Each different list is parsed once, since many rows share few of them.</summary>
sealed class ParsedLists<T>
{
    readonly Dictionary<string, IReadOnlyList<T>> known = new(StringComparer.Ordinal);

    public IReadOnlyList<T> Parse(string json)
    {
        if (!known.TryGetValue(json, out var list))
            known.Add(json, list = JsonSerializer.Deserialize<T[]>(json, SqlTypes.Json)!);
        return list;
    }
}
