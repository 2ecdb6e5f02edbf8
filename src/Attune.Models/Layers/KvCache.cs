using Attune.Torch;

namespace Attune.Models.Layers;

/// <summary>What is kept of every token: a key and a value of <paramref name="HeadWidth"/> channels in each head of each layer.</summary>
public sealed record CacheShape(int Layers, long Heads, long HeadWidth)
{
    /// <summary>Numbers for a token.</summary>
    public long ElementsPerToken => 2 * Layers * Heads * HeadWidth;
}

/// <summary>
/// Keys and values of every layer for the columns read so far, in memory allocated once for the longest text:
/// (B, heads, capacity, D) each. For an encoder–decoder it also holds those of the source, which is read once.
/// </summary>
public sealed class KvCache : IDisposable
{
    readonly Tensor[] keys;
    readonly Tensor[] values;
    readonly (Tensor Keys, Tensor Values)?[] source;

    public KvCache(CacheShape shape, long batch, long capacity, DType dtype, Device device)
    {
        Capacity = capacity;
        source = new (Tensor, Tensor)?[shape.Layers];
        keys = [.. source.Select(_ => NewColumns())];
        values = [.. source.Select(_ => NewColumns())];

        Tensor NewColumns() => Tensor.Empty([batch, shape.Heads, capacity, shape.HeadWidth], dtype, device).DetachFromScope();
    }

    public long Capacity { get; }

    /// <summary>Columns that hold something.</summary>
    public long Length { get; private set; }

    /// <summary>(B, S) bool: the real tokens of the source, once it has been read; then it need not come again.</summary>
    public Tensor? SourceMask { get; internal set; }

    /// <summary>
    /// Tokens and positions (B, S) that were read, where a model may have to read them again, and whether they were rotated as those
    /// of a long text.
    /// </summary>
    internal (Tensor Tokens, Tensor Positions, bool IsLong)? Text { get; private set; }

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

    /// <summary>Keys and values (B, heads, S, D) of the source in a layer: made the first time, then kept.</summary>
    public (Tensor Keys, Tensor Values) GetOrAddSource(int layer, Func<(Tensor Keys, Tensor Values)> make) =>
        source[layer] ??= make() is var (key, value) ? (key.Contiguous().DetachFromScope(), value.Contiguous().DetachFromScope()) : default;

    /// <summary>Counts the columns that every layer has appended.</summary>
    public void Advance(long columns) => Length += columns;

    /// <summary>Goes back to the first columns, to read the others again.</summary>
    internal void Rewind(long columns) => Length = columns;

    /// <summary>Adds columns (B, T) to the text.</summary>
    internal void Remember(Tensor tokens, Tensor positions, bool isLong)
    {
        var before = Text;
        Text = before is var (t, p, _)
            ? (Tensor.Concatenate(1, t, tokens).DetachFromScope(), Tensor.Concatenate(1, p, positions).DetachFromScope(), isLong)
            : (tokens.Clone().DetachFromScope(), positions.Clone().DetachFromScope(), isLong);
        before?.Tokens.Dispose();
        before?.Positions.Dispose();
    }

    /// <summary>Keeps the rows of these indices (N), in their order; a row may come several times.</summary>
    public void Select(Tensor rows)
    {
        using var scope = TensorScope.Open();
        for (var layer = 0; layer < keys.Length; layer++)
        {
            keys[layer] = Replace(keys[layer], rows);
            values[layer] = Replace(values[layer], rows);
            if (source[layer] is var (key, value))
                source[layer] = (Replace(key, rows), Replace(value, rows));
        }
        if (SourceMask is not null)
            SourceMask = Replace(SourceMask, rows);
        if (Text is var (tokens, positions, isLong))
            Text = (Replace(tokens, rows), Replace(positions, rows), isLong);
    }

    public void Dispose()
    {
        var kept = source.OfType<(Tensor Keys, Tensor Values)>().SelectMany(pair => new[] { pair.Keys, pair.Values });
        foreach (var tensor in keys.Concat(values).Concat(kept))
            tensor.Dispose();
        SourceMask?.Dispose();
        Text?.Tokens.Dispose();
        Text?.Positions.Dispose();
    }

    static Tensor Replace(Tensor before, Tensor rows)
    {
        var after = before.IndexSelect(0, rows).DetachFromScope();
        before.Dispose();
        return after;
    }
}
