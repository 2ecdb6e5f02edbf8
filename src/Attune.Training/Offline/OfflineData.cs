using Attune.Data;

namespace Attune.Training.Offline;

/// <summary>The examples of a run, in tokens, and the steps that train on them.</summary>
/// <param name="Train">The training examples.</param>
/// <param name="HeldOut">The held-out examples.</param>
/// <param name="Order">The order of the training examples.</param>
/// <param name="Steps">The steps of the whole run.</param>
public sealed record OfflineData<TExample>(
    IReadOnlyList<TExample> Train, IReadOnlyList<TExample> HeldOut, BatchOrder Order, int Steps)
{
    /// <summary>All examples, the held-out ones last.</summary>
    public IEnumerable<TExample> All => Train.Concat(HeldOut);

    /// <summary>The examples of each step, and last all held-out examples.</summary>
    public IEnumerable<IReadOnlyList<TExample>> Batches => Enumerable.Range(0, Steps).Select(Batch).Append(HeldOut);

    /// <summary>The examples of a step; steps are counted from 0.</summary>
    public IReadOnlyList<TExample> Batch(int step) => Array.ConvertAll(Order.Batch(step), index => Train[index]);
}
