using Attune.Torch;

namespace Attune.Models.Layers;

/// <summary>
/// The size of the cache for one token: a key and a value of <paramref name="HeadWidth"/> channels for each head of each layer.
/// </summary>
public sealed record CacheShape(int Layers, long Heads, long HeadWidth)
{
    /// <summary>Elements for each token.</summary>
    public long ElementsPerToken => 2 * Layers * Heads * HeadWidth;
}

/// <summary>
/// Keys and values of every layer for the tokens read so far: (B, heads, capacity, D) each. For an encoder–decoder also those of the
/// source, which are computed once.
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

    public long Capacity { get; private set; }

    /// <summary>Columns in use.</summary>
    public long Length { get; private set; }

    /// <summary>(B, S) bool: the real tokens of the source, once it has been read. Later inputs need no source.</summary>
    public Tensor? SourceMask { get; internal set; }

    /// <summary>
    /// Tokens and positions (B, S) read so far, for models that may have to read them again, and whether they were rotated with the
    /// frequencies of a long text.
    /// </summary>
    internal (Tensor Tokens, Tensor Positions, bool IsLong)? History { get; private set; }

    /// <summary>Stores a layer's keys and values (B, heads, T, D) after the columns in use, and returns views of all columns.</summary>
    public (Tensor Keys, Tensor Values) Append(int layer, Tensor key, Tensor value)
    {
        var end = Length + key.Size(2);
        if (end > Capacity)
            throw new InvalidOperationException($"the KV cache has {Capacity} columns, but {end} are needed");
        keys[layer].Slice(2, Length, end).CopyInPlace(key);
        values[layer].Slice(2, Length, end).CopyInPlace(value);
        return (keys[layer].Slice(2, 0, end), values[layer].Slice(2, 0, end));
    }

    /// <summary>A layer's keys and values (B, heads, S, D) of the source; computed on first use.</summary>
    public (Tensor Keys, Tensor Values) GetOrAddSource(int layer, Func<(Tensor Keys, Tensor Values)> make) =>
        source[layer] ??= make() is var (key, value) ? (key.Contiguous().DetachFromScope(), value.Contiguous().DetachFromScope()) : default;

    /// <summary>Counts columns as in use, after every layer has appended them.</summary>
    public void Advance(long columns) => Length += columns;

    /// <summary>Keeps only the first columns in use, so that the others can be read again.</summary>
    internal void Rewind(long columns) => Length = columns;

    /// <summary>Adds tokens and positions (B, T) to the history.</summary>
    internal void AddHistory(Tensor tokens, Tensor positions, bool isLong)
    {
        var previous = History;
        History = previous is var (oldTokens, oldPositions, _)
            ? (Append(oldTokens, tokens), Append(oldPositions, positions), isLong)
            : (tokens.Clone().DetachFromScope(), positions.Clone().DetachFromScope(), isLong);
        previous?.Tokens.Dispose();
        previous?.Positions.Dispose();

        static Tensor Append(Tensor first, Tensor second) => Tensor.Concatenate(1, first, second).DetachFromScope();
    }

    /// <summary>Whether rows of another cache can be added: none of the rows has a source or a history.</summary>
    public bool CanJoin => SourceMask is null && History is null;

    /// <summary>
    /// Adds the rows of another cache after the own ones, so that the last columns of both coincide; columns before the first of a row
    /// are 0. Columns that the caller does not need any more are dropped. The other cache is not changed.
    /// </summary>
    /// <param name="other">A cache of the same model.</param>
    /// <param name="unused">The number of first columns that no own row needs.</param>
    /// <param name="capacity">The columns for which memory is reserved; at least those in use.</param>
    public void Join(KvCache other, long unused, long capacity)
    {
        if (!CanJoin || !other.CanJoin)
            throw new InvalidOperationException("rows with a source or a history cannot join a cache");
        var length = Math.Max(Length - unused, other.Length);
        capacity = Math.Max(capacity, length);
        for (var layer = 0; layer < keys.Length; layer++)
        {
            keys[layer] = Joined(keys[layer], other.keys[layer]);
            values[layer] = Joined(values[layer], other.values[layer]);
        }
        (Length, Capacity) = (length, capacity);

        Tensor Joined(Tensor own, Tensor added)
        {
            using var scope = TensorScope.Open();
            var (rows, all) = (own.Size(0), own.Size(0) + added.Size(0));
            var joined = Tensor.Zeros([all, own.Size(1), capacity, own.Size(3)], own.DType, own.Device);
            joined.Slice(0, 0, rows).Slice(2, length - (Length - unused), length).CopyInPlace(own.Slice(2, unused, Length));
            joined.Slice(0, rows, all).Slice(2, length - other.Length, length).CopyInPlace(added.Slice(2, 0, other.Length));
            own.Dispose();
            return joined.DetachFromScope();
        }
    }

    /// <summary>Drops the first columns, and adds columns of 0 in front until there are <paramref name="length"/> in use.</summary>
    /// <param name="unused">The number of first columns that no row needs.</param>
    /// <param name="length">The columns in use afterwards; at least those that remain.</param>
    /// <param name="capacity">The columns for which memory is reserved.</param>
    public void Resize(long unused, long length, long capacity)
    {
        for (var layer = 0; layer < keys.Length; layer++)
        {
            keys[layer] = Resized(keys[layer]);
            values[layer] = Resized(values[layer]);
        }
        (Length, Capacity) = (length, capacity);

        Tensor Resized(Tensor own)
        {
            using var scope = TensorScope.Open();
            var resized = Tensor.Zeros([own.Size(0), own.Size(1), capacity, own.Size(3)], own.DType, own.Device);
            resized.Slice(2, length - (Length - unused), length).CopyInPlace(own.Slice(2, unused, Length));
            own.Dispose();
            return resized.DetachFromScope();
        }
    }

    /// <summary>
    /// Puts the rows of another cache, which has at most as many columns in use, in the place of own rows, so that the last columns of both
    /// coincide. Earlier columns of these rows keep what they had.
    /// </summary>
    /// <param name="rows">The own rows that are replaced, one for each row of the other cache.</param>
    /// <param name="other">A cache of the same model.</param>
    public void Put(IReadOnlyList<long> rows, KvCache other)
    {
        using var scope = TensorScope.Open();
        foreach (var (own, added) in keys.Zip(other.keys).Concat(values.Zip(other.values)))
            for (var i = 0; i < rows.Count; i++)
                own.Select(0, rows[i]).Slice(1, Length - other.Length, Length).CopyInPlace(added.Select(0, i).Slice(1, 0, other.Length));
    }

    /// <summary>Copies columns of a row of another cache into this empty one, which has one row.</summary>
    public void CopyRow(KvCache other, int row, long first, long count)
    {
        using var scope = TensorScope.Open();
        foreach (var (own, source) in keys.Zip(other.keys).Concat(values.Zip(other.values)))
            own.Select(0, 0).Slice(1, 0, count).CopyInPlace(source.Select(0, row).Slice(1, first, first + count));
        Length = count;
    }

    /// <summary>Keeps the rows with these indices (N), in this order; a row may occur several times.</summary>
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
        if (History is var (tokens, positions, isLong))
            History = (Replace(tokens, rows), Replace(positions, rows), isLong);
    }

    public void Dispose()
    {
        var ofSource = source.OfType<(Tensor Keys, Tensor Values)>().SelectMany(pair => new[] { pair.Keys, pair.Values });
        foreach (var tensor in keys.Concat(values).Concat(ofSource))
            tensor.Dispose();
        SourceMask?.Dispose();
        History?.Tokens.Dispose();
        History?.Positions.Dispose();
    }

    static Tensor Replace(Tensor before, Tensor rows)
    {
        var after = before.IndexSelect(0, rows).DetachFromScope();
        before.Dispose();
        return after;
    }
}
