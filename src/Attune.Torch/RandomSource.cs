using Attune.Torch.Interop;

namespace Attune.Torch;

/// <summary>A random generator of a device. Its state can be saved and restored exactly.</summary>
public sealed class RandomSource : IDisposable
{
    nint handle;

    public RandomSource(ulong seed, Device device = default)
    {
        Native.Check(Native.attune_generator_new((int)device.Type, device.Index, seed, out handle));
        Device = device;
    }

    ~RandomSource() => Free();

    public Device Device { get; }

    internal nint Handle => handle != 0 ? handle : throw new ObjectDisposedException(nameof(RandomSource));

    /// <summary>The generator's whole state, as bytes on the CPU. Another source with this state continues the same sequence.</summary>
    public byte[] State
    {
        get
        {
            Native.Check(Native.attune_generator_state(Handle, out var state));
            using var tensor = new Tensor(state);
            return tensor.ToArray<byte>();
        }
        set
        {
            using var tensor = Tensor.From(value, value.Length);
            Native.Check(Native.attune_generator_set_state(Handle, tensor.Handle));
        }
    }

    /// <summary>Restarts the sequence from a seed.</summary>
    public void Reseed(ulong seed) => Native.Check(Native.attune_generator_seed(Handle, seed));

    /// <summary>Draws a seed for another sequence, below 2⁵³.</summary>
    public ulong NextSeed()
    {
        using var number = Tensor.Uniform([1], this, DType.Float64);
        return (ulong)(number.Item() * (1UL << 53));
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    void Free()
    {
        if (Interlocked.Exchange(ref handle, 0) is var owned and not 0)
            Native.attune_generator_free(owned);
    }
}
