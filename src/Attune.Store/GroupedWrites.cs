using System.Collections.Concurrent;

namespace Attune.Store;

/// <summary>
/// Runs changes that wait at the same time as one transaction, on a thread of its own: pages that several of them change are
/// written once, and no other thread waits for the writer.
/// </summary>
sealed class GroupedWrites : IDisposable
{
    const int MostAtOnce = 64;

    readonly BlockingCollection<GroupedWrite> waiting = [];
    readonly Thread thread;

    /// <param name="run">Runs changes and completes each of them.</param>
    public GroupedWrites(Action<IReadOnlyList<GroupedWrite>> run)
    {
        thread = new(() => Run(run)) { IsBackground = true, Name = "store: write" };
        thread.Start();
    }

    public void Add(GroupedWrite write) => waiting.Add(write);

    void Run(Action<IReadOnlyList<GroupedWrite>> run)
    {
        foreach (var first in waiting.GetConsumingEnumerable())
        {
            var group = new List<GroupedWrite> { first };
            while (group.Count < MostAtOnce && waiting.TryTake(out var next))
                group.Add(next);
            run(group);
        }
    }

    /// <summary>Runs the changes that wait, and ends.</summary>
    public void Dispose()
    {
        waiting.CompleteAdding();
        thread.Join();
        waiting.Dispose();
    }
}
