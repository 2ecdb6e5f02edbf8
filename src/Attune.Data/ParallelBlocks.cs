using System.Runtime.ExceptionServices;

namespace Attune.Data;

/// <summary>Converts blocks of a sequence on all cores, a few ahead of the one that is read, in the order of the sequence.</summary>
static class ParallelBlocks
{
    /// <summary>
    /// The results in the order of the blocks. Of several errors, that of the first block is thrown; an error of the sequence itself comes
    /// after those of the blocks before it.
    /// </summary>
    public static IEnumerable<TResult> Convert<TBlock, TResult>(IEnumerable<TBlock> blocks, Func<TBlock, TResult> convert)
    {
        var ahead = 2 * Environment.ProcessorCount;
        var running = new Queue<Task<TResult>>(ahead);
        ExceptionDispatchInfo? failure = null;
        using var remaining = blocks.GetEnumerator();
        while (MoveNext())
        {
            if (running.Count == ahead)
                yield return running.Dequeue().GetAwaiter().GetResult();
            var block = remaining.Current;
            running.Enqueue(Task.Run(() => convert(block)));
        }
        while (running.TryDequeue(out var next))
            yield return next.GetAwaiter().GetResult();
        failure?.Throw();

        bool MoveNext()
        {
            try
            {
                return remaining.MoveNext();
            }
            catch (Exception error)
            {
                failure = ExceptionDispatchInfo.Capture(error);
                return false;
            }
        }
    }
}
