using Microsoft.Win32.SafeHandles;

namespace Attune.Store;

/// <summary>
/// Flushes SQLite's write-ahead log to disk, on a thread of its own. One flush serves all transactions that were committed before it began,
/// so people who save at the same time wait for the disk together (group commit).
/// </summary>
sealed class LogFlush : IDisposable
{
    readonly Func<string> path;
    readonly Lock asking = new();
    readonly AutoResetEvent asked = new(false);
    readonly Thread thread;
    TaskCompletionSource? next;
    volatile bool isClosed;

    /// <param name="path">Where the log is, once a transaction was committed.</param>
    public LogFlush(Func<string> path)
    {
        this.path = path;
        thread = new(Run) { IsBackground = true, Name = "store: flush" };
        thread.Start();
    }

    /// <summary>Completes when every transaction that was committed before the call is on disk.</summary>
    /// <exception cref="IOException">
    /// The log cannot be flushed. Later calls fail too: the system may have dropped what it could not write, and would report success.
    /// </exception>
    public Task Wait()
    {
        lock (asking)
        {
            if (isClosed)
                return Task.CompletedTask;
            next ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            asked.Set();
            return next.Task;
        }
    }

    void Run()
    {
        SafeFileHandle? log = null;
        IOException? failure = null;
        while (!isClosed)
        {
            asked.WaitOne();
            if (Take() is not { } waiting)
                continue;
            try
            {
                if (failure is null)
                    RandomAccess.FlushToDisk(log ??= Open());
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                failure = new($"{path()} cannot be written to disk ({error.Message}); check the disk, then start the studio again", error);
            }
            if (failure is null)
                waiting.SetResult();
            else
                waiting.SetException(failure);
        }
        log?.Dispose();
    }

    TaskCompletionSource? Take()
    {
        lock (asking)
        {
            var taken = next;
            next = null;
            return taken;
        }
    }

    SafeFileHandle Open() => File.OpenHandle(path(), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Flushes what is asked for, and ends. Later calls of <see cref="Wait"/> complete at once.</summary>
    public void Dispose()
    {
        lock (asking)
            isClosed = true;
        asked.Set();
        thread.Join();
        asked.Dispose();
    }
}
