using System.Runtime.ExceptionServices;
using Attune.Torch;

namespace Attune.Training.Batches;

/// <summary>Works on several things at once, each on one CPU thread, so that the number of workers does not change a bit.</summary>
public static class WorkerThreads
{
    /// <summary>As many as are asked for on a CPU; one on another device, which works on one thing at a time.</summary>
    public static int CountOn(Device device, int wanted) => device.Type == DeviceType.Cpu ? wanted : 1;

    /// <summary>The results in the order of the items, of which the last are begun first.</summary>
    /// <param name="count">Workers; a single one works in the caller's thread, with as many threads to an operator as that has.</param>
    /// <param name="items">What is worked on.</param>
    /// <param name="work">Must not change anything that another item's work reads.</param>
    public static TResult[] Run<T, TResult>(int count, IReadOnlyList<T> items, Func<T, TResult> work)
    {
        var results = new TResult[items.Count];
        var next = items.Count;
        var threads = TorchLibrary.Threads;
        if (count == 1)
        {
            WorkThrough();
            return results;
        }
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
