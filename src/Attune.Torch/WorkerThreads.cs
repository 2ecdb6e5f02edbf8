using System.Runtime.ExceptionServices;

namespace Attune.Torch;

/// <summary>Processes several items in parallel, each on one CPU thread. The last items start first, since they are the longest.</summary>
/// <param name="count">Workers; a single one runs on the caller's thread, with the caller's number of threads per operator.</param>
public sealed class WorkerThreads(int count) : IWorkers
{
    /// <summary>A single worker.</summary>
    public static WorkerThreads Single { get; } = new(1);

    /// <summary>Whether this thread is a worker, which processes inner lists by itself.</summary>
    [ThreadStatic]
    static bool isWorker;

    public int Count => isWorker ? 1 : count;

    /// <summary>The requested workers on a CPU; one on another device, which processes one item at a time.</summary>
    public static WorkerThreads On(Device device, int count) => device.Type == DeviceType.Cpu && count > 1 ? new(count) : Single;

    public TResult[] Map<T, TResult>(IReadOnlyList<T> items, Func<T, TResult> work)
    {
        var results = new TResult[items.Count];
        var next = items.Count;
        if (Count == 1)
        {
            ProcessItems();
            return results;
        }
        var threads = TorchLibrary.Threads;
        try
        {
            Parallel.For(0, Math.Min(count, items.Count), new() { MaxDegreeOfParallelism = count }, _ => ProcessItemsOnOneThread());
        }
        catch (AggregateException error)
        {
            ExceptionDispatchInfo.Throw(error.InnerException!);
        }
        return results;

        void ProcessItemsOnOneThread()
        {
            TorchLibrary.Threads = 1;
            isWorker = true;
            try
            {
                ProcessItems();
            }
            finally
            {
                isWorker = false;
                TorchLibrary.Threads = threads;
            }
        }

        void ProcessItems()
        {
            while (Interlocked.Decrement(ref next) is >= 0 and var index)
                results[index] = work(items[index]);
        }
    }
}
