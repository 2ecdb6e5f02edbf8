using System.Runtime.ExceptionServices;
using Attune.Torch;

namespace Attune.Training.Batches;

/// <summary>Works on several items at once, each on one CPU thread. The last items are begun first, since they are the longest.</summary>
/// <param name="count">Workers; a single one works in the caller's thread, with as many threads to an operator as that has.</param>
public sealed class WorkerThreads(int count) : IWorkers
{
    /// <summary>A single worker.</summary>
    public static WorkerThreads Single { get; } = new(1);

    public int Count => count;

    /// <summary>As many workers as wanted on a CPU; one on another device, which works on one item at a time.</summary>
    public static WorkerThreads On(Device device, int wanted) => device.Type == DeviceType.Cpu ? new(wanted) : Single;

    public TResult[] Map<T, TResult>(IReadOnlyList<T> items, Func<T, TResult> work)
    {
        var results = new TResult[items.Count];
        var next = items.Count;
        if (count == 1)
        {
            WorkThrough();
            return results;
        }
        var threads = TorchLibrary.Threads;
        try
        {
            Parallel.For(0, Math.Min(count, items.Count), new() { MaxDegreeOfParallelism = count }, _ => WorkThroughOnOneThread());
        }
        catch (AggregateException error)
        {
            ExceptionDispatchInfo.Throw(error.InnerException!);
        }
        return results;

        void WorkThroughOnOneThread()
        {
            TorchLibrary.Threads = 1;
            try
            {
                WorkThrough();
            }
            finally
            {
                TorchLibrary.Threads = threads;
            }
        }

        void WorkThrough()
        {
            while (Interlocked.Decrement(ref next) is >= 0 and var at)
                results[at] = work(items[at]);
        }
    }
}
