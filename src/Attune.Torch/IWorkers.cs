namespace Attune.Torch;

/// <summary>Processes the items of a list in parallel; results are bit-identical for any number of workers.</summary>
public interface IWorkers
{
    /// <summary>How many items are processed at the same time.</summary>
    int Count { get; }

    /// <summary>The results in the order of the items.</summary>
    /// <param name="items">The items.</param>
    /// <param name="work">Processes an item; must not change anything that it reads for another item.</param>
    TResult[] Map<T, TResult>(IReadOnlyList<T> items, Func<T, TResult> work);
}
