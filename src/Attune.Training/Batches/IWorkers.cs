namespace Attune.Training.Batches;

/// <summary>Works on the items of a list, several at once; the number of workers does not change a bit of the results.</summary>
public interface IWorkers
{
    /// <summary>How many items are worked on at once.</summary>
    int Count { get; }

    /// <summary>The results in the order of the items.</summary>
    /// <param name="items">What is worked on.</param>
    /// <param name="work">Must not change anything that another item's work reads.</param>
    TResult[] Map<T, TResult>(IReadOnlyList<T> items, Func<T, TResult> work);
}
