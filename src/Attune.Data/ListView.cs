using System.Collections;

namespace Attune.Data;

/// <summary>A list whose items are made when they are read, so that it takes no memory for them.</summary>
/// <param name="count">The number of items.</param>
/// <param name="item">Makes the item at an index.</param>
public sealed class ListView<T>(int count, Func<int, T> item) : IReadOnlyList<T>
{
    /// <summary>The items of a list at some indices.</summary>
    public ListView(IReadOnlyList<T> list, int[] indices)
        : this(indices.Length, at => list[indices[at]])
    {
    }

    public int Count => count;

    public T this[int index] => item(index);

    public IEnumerator<T> GetEnumerator()
    {
        for (var at = 0; at < count; at++)
            yield return item(at);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
