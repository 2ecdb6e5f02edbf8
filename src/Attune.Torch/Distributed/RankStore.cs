using System.Runtime.InteropServices;
using Attune.Torch.Interop;

namespace Attune.Torch.Distributed;

/// <summary>The keys and values that all ranks of a job see: c10d's TCPStore.</summary>
sealed unsafe class RankStore : IDisposable
{
    nint handle;

    /// <summary>Hosts the store on rank 0; connects to it on other ranks.</summary>
    public RankStore(RankEnvironment environment)
    {
        Native.Check(Native.attune_store_new(
            environment.MasterAddress, environment.MasterPort, environment.Rank == 0 ? 1 : 0,
            (long)environment.Timeout.TotalMilliseconds, out handle));
    }

    public nint Handle => handle;

    public void Set(string key, string value) => Native.Check(Native.attune_store_set(handle, key, value));

    /// <summary>A value; waits until it is set.</summary>
    public string Get(string key)
    {
        Native.Check(Native.attune_store_get(handle, key, out var value));
        try
        {
            return Marshal.PtrToStringUTF8((nint)value)!;
        }
        finally
        {
            Native.attune_free(value);
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref handle, 0) is var owned and not 0)
            Native.attune_store_free(owned);
    }
}
