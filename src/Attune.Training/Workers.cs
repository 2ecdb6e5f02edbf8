using System.Runtime.ExceptionServices;
using Attune.Torch;

namespace Attune.Training;

/// <summary>Works on several things at once, each on one CPU thread, so that the number of workers does not change a bit.</summary>
public static class Workers
{
    /// <summary>The results in the order of the items, of which the last are begun first.</summary>
    /// <param name="count">Workers.</param>
    /// <param name="items">What is worked on.</param>
    /// <param name="work">Must not change anything that another item's work reads.</param>
    public static TResult[] Run<T, TResult>(int count, IReadOnlyList<T> items, Func<T, TResult> work)
    {
        var results = new TResult[items.Count];
        var next = items.Count;
        try
        {
            Parallel.For(0, Math.Min(count, items.Count), new() { MaxDegreeOfParallelism = count }, _ => WorkThrough());
        }
        catch (AggregateException error)
        {
            ExceptionDispatchInfo.Throw(error.InnerException!);
        }
        return results;

        void WorkThrough()
        {
            var threads = TorchLibrary.Threads;
            TorchLibrary.Threads = 1;                        // of this thread alone
            try
            {
                while (Interlocked.Decrement(ref next) is >= 0 and var at)
                    results[at] = work(items[at]);
            }
            finally
            {
                TorchLibrary.Threads = threads;
            }
        }
    }
}
