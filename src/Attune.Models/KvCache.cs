using Attune.Torch;

namespace Attune.Models;

/// <summary>
/// Keys and values of every layer for the columns read so far, in memory allocated once for the longest text:
/// (B, heads, capacity, D) each.
/// </summary>
public sealed class KvCache : IDisposable
{
    readonly Tensor[] keys;
    readonly Tensor[] values;

    public KvCache(int layers, long batch, long heads, long capacity, long headWidth, DType dtype, Device device)
    {
        Capacity = capacity;
        long[] shape = [batch, heads, capacity, headWidth];
        keys = [.. Enumerable.Range(0, layers).Select(_ => Tensor.Empty(shape, dtype, device).Persist())];
        values = [.. Enumerable.Range(0, layers).Select(_ => Tensor.Empty(shape, dtype, device).Persist())];
    }

    public long Capacity { get; }

    /// <summary>Columns that hold something.</summary>
    public long Length { get; private set; }

    /// <summary>
    /// Stores keys and values (B, heads, T, D) of a layer behind the columns read so far, and gives back views of all columns.
    /// </summary>
    public (Tensor Keys, Tensor Values) Append(int layer, Tensor key, Tensor value)
    {
        var end = Length + key.Size(2);
        if (end > Capacity)
            throw new InvalidOperationException($"a cache for {Capacity} columns was given {end}");
        keys[layer].Slice(2, Length, end).CopyInPlace(key);
        values[layer].Slice(2, Length, end).CopyInPlace(value);
        return (keys[layer].Slice(2, 0, end), values[layer].Slice(2, 0, end));
    }

    /// <summary>Counts the columns that every layer has appended.</summary>
    public void Advance(long columns) => Length += columns;

    /// <summary>Keeps the rows of these indices (N), in their order; a row may come several times.</summary>
    public void Select(Tensor rows)
    {
        using var scope = TensorScope.Open();
        for (var layer = 0; layer < keys.Length; layer++)
        {
            keys[layer] = Replace(keys[layer], rows);
            values[layer] = Replace(values[layer], rows);
        }
    }

    public void Dispose()
    {
        foreach (var tensor in keys.Concat(values))
            tensor.Dispose();
    }

    static Tensor Replace(Tensor before, Tensor rows)
    {
        var after = before.IndexSelect(0, rows).Persist();
        before.Dispose();
        return after;
    }
}
