using System.Runtime.CompilerServices;
using Attune.Torch.Interop;

namespace Attune.Torch;

/// <summary>
/// An n-dimensional array of libtorch. Operators return new tensors; methods whose names end in <c>InPlace</c> change this one. Freed
/// by <see cref="Dispose"/>, by the <see cref="TensorScope"/> in which it was made, or by the garbage collector.
/// </summary>
public sealed partial class Tensor : IDisposable
{
    static long live;
    static long hostReads;

    nint handle;
    long[]? shape;

    internal Tensor(nint handle)
    {
        this.handle = handle;
        Interlocked.Increment(ref live);
        TensorScope.Register(this);
    }

    ~Tensor() => Free();

    internal static long Live => Interlocked.Read(ref live);

    internal static long HostReads => Interlocked.Read(ref hostReads);

    internal TensorScope? Scope { get; set; }

    /// <summary>The handle of a tensor whose elements are read or written.</summary>
    internal nint DataHandle => HasStorage ? Handle : throw new InvalidOperationException($"the memory of {this} was freed");

    internal nint Handle => handle != 0 ? handle : throw new ObjectDisposedException(nameof(Tensor));

    /// <summary>The length of each dimension.</summary>
    public ReadOnlySpan<long> Shape => ShapeArray;

    public int Dimensions => ShapeArray.Length;

    public long ElementCount => Info().Elements;

    public DType DType => (DType)Info().DType;

    public Device Device => Info() is var info ? new((DeviceType)info.DeviceType, Math.Max(info.DeviceIndex, 0)) : default;

    internal long[] ShapeArray => shape ??= ReadShape();

    /// <summary>The length of a dimension; negative indices count from the end.</summary>
    public long Size(int dimension) => ShapeArray[dimension < 0 ? dimension + ShapeArray.Length : dimension];

    /// <summary>Removes the tensor from every scope: it lives until it is disposed or collected.</summary>
    public Tensor DetachFromScope()
    {
        Scope = null;
        return this;
    }

    public void Dispose()
    {
        Free();
        conversion?.Result.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the handle away: it is no longer freed with this object.</summary>
    internal nint TakeHandle()
    {
        Interlocked.Decrement(ref live);
        return Interlocked.Exchange(ref handle, 0);
    }

    public override string ToString() =>
        handle == 0 ? "freed tensor" : $"{DType.ToString().ToLowerInvariant()}[{string.Join(", ", ShapeArray)}]";

    unsafe long[] ReadShape()
    {
        var info = Info();
        return new ReadOnlySpan<long>(info.Sizes, info.Dimensions).ToArray();
    }

    NativeTensorInfo Info()
    {
        Native.Check(Native.attune_tensor_info(Handle, out var info));
        return info;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void Free()
    {
        if (Interlocked.Exchange(ref handle, 0) is var owned and not 0)
        {
            Native.attune_tensor_free(owned);
            Interlocked.Decrement(ref live);
        }
    }
}
