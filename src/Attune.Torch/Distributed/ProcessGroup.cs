using System.Net.Sockets;
using System.Runtime.InteropServices;
using Attune.Torch.Interop;

namespace Attune.Torch.Distributed;

/// <summary>The ranks of a job as separate processes, which exchange tensors through libtorch's c10d.</summary>
public sealed unsafe class ProcessGroup : IRanks, IDisposable
{
    readonly RankEnvironment environment;
    readonly RankStore store;
    nint handle;

    ProcessGroup(RankEnvironment environment)
    {
        this.environment = environment;
        store = new(environment);
        try
        {
            var interfaces = Environment.GetEnvironmentVariable("GLOO_SOCKET_IFNAME") ?? "";
            var address = interfaces.Length > 0 ? "" : OwnAddress.Find(environment);
            Native.Check(Native.attune_ranks_new(
                store.Handle, Rank, Count, interfaces, address, (long)environment.Timeout.TotalMilliseconds, out handle));
        }
        catch
        {
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
    /// <exception cref="RankException">They cannot be reached in time.</exception>
    public static ProcessGroup Join(RankEnvironment environment)
    {
        try
        {
            return new(environment);
        }
        catch (Exception error) when (error is TorchException or SocketException)
        {
            throw new RankException(
                $"Rank {environment.Rank} of {environment.Count} cannot join the others through "
                + $"{environment.MasterAddress}:{environment.MasterPort}: {error.Message}",
                error);
        }
    }

    public void Sum(IReadOnlyList<Tensor> tensors)
    {
        var handles = Handles(tensors);
        fixed (nint* first = handles)
            Check(Native.attune_ranks_sum(handle, first, handles.Length));
    }

    public void Broadcast(IReadOnlyList<Tensor> tensors, IReadOnlyList<int> source)
    {
        if (tensors.Count != source.Count)
            throw new ArgumentException($"{tensors.Count} tensors need as many sources (got {source.Count}).");
        var handles = Handles(tensors);
        int[] sources = [.. source];
        fixed (nint* first = handles)
        fixed (int* firstSource = sources)
            Check(Native.attune_ranks_broadcast(handle, first, firstSource, handles.Length));
    }

    public void Sum(IReadOnlyList<Tensor> tensors, IReadOnlyList<int> owners)
    {
        var handles = Handles(tensors);
        int[] ranks = [.. owners];
        fixed (nint* first = handles)
        fixed (int* firstOwner = ranks)
            Check(Native.attune_ranks_reduce(handle, first, firstOwner, handles.Length));
    }

    public IReadOnlyList<byte[]> Gather(byte[] own)
    {
        var lengths = stackalloc long[Count];
        byte* all;
        fixed (byte* bytes = own)
            Check(Native.attune_ranks_gather(handle, bytes, own.Length, out all, lengths));
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
        if (Interlocked.Exchange(ref handle, 0) is not (var owned and not 0))
            return;
        Native.attune_ranks_free(owned);
        store.Dispose();
    }

    static nint[] Handles(IReadOnlyList<Tensor> tensors) => [.. tensors.Select(tensor => tensor.Handle)];

    static void Check(int status)
    {
        if (status != 0)
            throw new RankException(Native.LastError());
    }
}
