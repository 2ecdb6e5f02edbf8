namespace Attune.Data.Agreement;

/// <summary>Numbers the different lists of numbers from 0: equal lists have equal numbers.</summary>
sealed class ListNumbers
{
    const int Empty = 0;

    readonly Dictionary<(int List, int Next), int> longer = [];  // the node of a list with one more number
    readonly List<int> numbers = [-1];                           // of each node that is the end of a list

    /// <summary>How many different lists there are.</summary>
    public int Count { get; private set; }

    /// <returns>The number of a list, which is <see cref="Count"/> less 1 if it is new.</returns>
    public int Of(ReadOnlySpan<int> list)
    {
        var node = Empty;
        foreach (var next in list)
        {
            if (!longer.TryGetValue((node, next), out var found))
            {
                longer.Add((node, next), found = numbers.Count);
                numbers.Add(-1);
            }
            node = found;
        }
        return numbers[node] >= 0 ? numbers[node] : numbers[node] = Count++;
    }
}
