namespace Attune.Torch.Distributed;

/// <summary>
/// Processes the items of a list on all ranks, and on several threads of each. Within an item, a rank works by itself.
/// </summary>
/// <param name="threads">The workers of each rank.</param>
/// <param name="device">The device of tensors in results.</param>
public sealed class RankWorkers(IWorkers threads, Device device) : IWorkers
{
    /// <summary>The workers of all ranks, with this many threads on a CPU; on another device each rank processes one item at a
    /// time.</summary>
    public static IWorkers On(Device device, int threads) => new RankWorkers(WorkerThreads.On(device, threads), device);

    public int Count => Ranks.Current.Count * threads.Count;

    public TResult[] Map<T, TResult>(IReadOnlyList<T> items, Func<T, TResult> work)
    {
        var ranks = Ranks.Current;
        if (ranks.Count == 1)
            return threads.Map(items, work);
        var own = Share(items);
        var shares = Ranks.Gather(() => threads.Map(own, work), device);
        return [.. items.Select((_, at) => shares[at % ranks.Count][at / ranks.Count])];
    }

    /// <summary>The items of this rank: every n-th of n ranks.</summary>
    public static T[] Share<T>(IReadOnlyList<T> items)
    {
        var ranks = Ranks.Current;
        return [.. items.Where((_, at) => at % ranks.Count == ranks.Rank)];
    }
}
