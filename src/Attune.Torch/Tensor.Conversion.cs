using Attune.Torch.Interop;

namespace Attune.Torch;

public sealed partial class Tensor
{
    static readonly Lock ConversionLock = new();

    volatile Conversion? conversion;

    /// <summary>
    /// This tensor in another type, for weights that many passes read: it is converted on the first call, and again only after the tensor
    /// has changed in place. It requires a gradient if this tensor does, also when the conversion is made inside
    /// <see cref="Autograd.NoGrad"/>; gradients flow to this tensor. Several threads may call it. It is freed with this tensor.
    /// </summary>
    public Tensor Converted(DType dtype)
    {
        if (DType == dtype)
            return this;
        if (conversion is { } known && IsCurrent(known, dtype))
            return known.Result;
        lock (ConversionLock)
        {
            if (conversion is { } other && IsCurrent(other, dtype))
                return other.Result;
            conversion?.Result.Dispose();
            using var grad = Autograd.EnableGrad();
            var fresh = new Conversion(Aten.ToDType.Call(this, dtype).DetachFromScope(), dtype, Version, RequiresGrad);
            conversion = fresh;
            return fresh.Result;
        }
    }

    /// <summary>How often the memory of this tensor was changed in place.</summary>
    long Version
    {
        get
        {
            Native.Check(Native.attune_tensor_version(Handle, out var version));
            return version;
        }
    }

    bool IsCurrent(Conversion known, DType dtype) =>
        known.DType == dtype && known.Version == Version && known.RequiresGrad == RequiresGrad;

    sealed record Conversion(Tensor Result, DType DType, long Version, bool RequiresGrad);
}
