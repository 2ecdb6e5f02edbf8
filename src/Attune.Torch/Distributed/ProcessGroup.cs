using System.Runtime.InteropServices;
using Attune.Torch.Interop;

namespace Attune.Torch.Distributed;

/// <summary>The ranks of a job as separate processes, which exchange tensors through libtorch's c10d.</summary>
public sealed unsafe class ProcessGroup : IRanks, IDisposable
{
    /// <summary>Gloo's own timeout is for the case that the monitor does not see why an exchange hangs.</summary>
    static readonly TimeSpan GlooPatience = TimeSpan.FromMinutes(1);

    readonly RankEnvironment environment;
    readonly RankStore store;
    readonly RankMonitor? monitor;
    readonly MonitorLink? link;
    readonly Lock state = new();
    nint handle;

    ProcessGroup(RankEnvironment environment, Action<RankFailedException> onFailure)
    {
        const string MonitorKey = "monitor";
        this.environment = environment;
        store = new(environment);
        try
        {
            var address = OwnAddress.Find(environment);
            if (Rank == 0)
            {
                monitor = new(Count, environment.Timeout);
                store.Set(MonitorKey, $"{address} {monitor.Endpoint}");
            }
            link = new(store.Get(MonitorKey), Rank, Abort, onFailure);
            link.WaitForStart();
            var patience = environment.Timeout + GlooPatience;
            Native.Check(Native.attune_ranks_new(
                store.Handle, Rank, Count, address, (long)patience.TotalMilliseconds, out var created));
            lock (state)
                handle = created;
        }
        catch
        {
            monitor?.Dispose();
            link?.Dispose();
            store.Dispose();
            throw;
        }
    }

    public int Rank => environment.Rank;

    public int Count => environment.Count;

    public int LocalRank => environment.LocalRank;

    public int LocalCount => environment.LocalCount;

    /// <summary>What this libtorch exchanges tensors with ("Gloo", "Gloo, NCCL"); empty if it was built without c10d.</summary>
    public static string Backends => Marshal.PtrToStringUTF8((nint)Native.attune_ranks_backends())!;

    /// <summary>Connects this process to all others. Waits until all have called it.</summary>
    /// <param name="environment">This process and the others.</param>
    /// <param name="onFailure">
    /// Called once, on a thread of its own, when another rank has failed. Exchanges then throw, but a computation continues.
    /// </param>
    /// <exception cref="RankFailedException">They cannot be reached in time.</exception>
    public static ProcessGroup Join(RankEnvironment environment, Action<RankFailedException>? onFailure = null)
    {
        try
        {
            return new(environment, onFailure ?? (_ => { }));
        }
        catch (TorchException error)
        {
            throw new RankFailedException(
                $"Rank {environment.Rank} of {environment.Count} cannot join the others through "
                + $"{environment.MasterAddress}, port {environment.MasterPort}: {error.Message}",
                error);
        }
    }

    /// <summary>Tells the other ranks why this one ends.</summary>
    public void Fail(string reason) => link!.Report(reason);

    public void Sum(IReadOnlyList<Tensor> tensors)
    {
        var handles = Handles(tensors);
        fixed (nint* first = handles)
            Exchange(Native.attune_ranks_sum(Begin(), first, handles.Length));
    }

    public void Broadcast(IReadOnlyList<Tensor> tensors, IReadOnlyList<int> source)
    {
        if (tensors.Count != source.Count)
            throw new ArgumentException($"{tensors.Count} tensors need as many sources (got {source.Count}).");
        var handles = Handles(tensors);
        int[] sources = [.. source];
        fixed (nint* first = handles)
        fixed (int* firstSource = sources)
            Exchange(Native.attune_ranks_broadcast(Begin(), first, firstSource, handles.Length));
    }

    public void Sum(IReadOnlyList<Tensor> tensors, IReadOnlyList<int> owners)
    {
        var handles = Handles(tensors);
        int[] ranks = [.. owners];
        fixed (nint* first = handles)
        fixed (int* firstOwner = ranks)
            Exchange(Native.attune_ranks_reduce(Begin(), first, firstOwner, handles.Length));
    }

    public IReadOnlyList<byte[]> Gather(byte[] own)
    {
        var lengths = stackalloc long[Count];
        byte* all;
        fixed (byte* bytes = own)
            Exchange(Native.attune_ranks_gather(Begin(), bytes, own.Length, out all, lengths));
        try
        {
            var result = new byte[Count][];
            var start = all;
            for (var rank = 0; rank < Count; start += lengths[rank++])
                result[rank] = new ReadOnlySpan<byte>(start, checked((int)lengths[rank])).ToArray();
            return result;
        }
        finally
        {
            Native.attune_free(all);
        }
    }

    public byte[] FromFirst(byte[] own) => Gather(Rank == 0 ? own : [])[0];

    public void Dispose()
    {
        nint owned;
        lock (state)
            (owned, handle) = (handle, 0);
        if (owned == 0)
            return;
        link!.Leave();
        monitor?.WaitForLeaving();
        link.Dispose();
        monitor?.Dispose();
        Native.attune_ranks_free(owned);
        store.Dispose();
    }

    static nint[] Handles(IReadOnlyList<Tensor> tensors) => [.. tensors.Select(tensor => tensor.Handle)];

    nint Begin()
    {
        ObjectDisposedException.ThrowIf(handle == 0, this);
        link!.Begin();
        return handle;
    }

    void Exchange(int status)
    {
        if (status != 0)
            throw link!.FailureOf(Native.LastError());
        link!.End();
    }

    void Abort()
    {
        lock (state)
            if (handle != 0)
                Native.attune_ranks_abort(handle);
    }
}
