using System.Collections;

namespace Attune.Data;

/// <summary>A list whose items are made when they are read, so that it takes no memory for them.</summary>
/// <param name="count">The number of items.</param>
/// <param name="item">Makes the item at an index.</param>
public sealed class ListView<T>(int count, Func<int, T> item) : IReadOnlyList<T>
{
    public int Count => count;

    public T this[int index] => item(index);

    /// <summary>The items of a list at some indices.</summary>
    public static ListView<T> Of(IReadOnlyList<T> list, int[] indices) => new(indices.Length, at => list[indices[at]]);

    public IEnumerator<T> GetEnumerator()
    {
        for (var at = 0; at < count; at++)
            yield return item(at);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
