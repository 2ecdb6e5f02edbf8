using Attune.Torch.Interop;

namespace Attune.Torch;

public sealed partial class Tensor
{
    /// <summary>
    /// Whether the elements are in memory. Operators on a tensor without them throw <see cref="InvalidOperationException"/>.
    /// </summary>
    public bool HasStorage { get; private set; } = true;

    /// <summary>Frees the memory of the elements. Shape, type, device and gradient remain. No view of the tensor may be in use.</summary>
    public void FreeStorage() => SetStorage(false);

    /// <summary>Allocates memory for the elements again, with any values.</summary>
    public void AllocateStorage() => SetStorage(true);

    void SetStorage(bool allocated)
    {
        if (HasStorage == allocated)
            return;
        conversion?.Result.Dispose();
        conversion = null;
        Native.Check(Native.attune_tensor_set_storage(Handle, allocated ? 1 : 0));
        HasStorage = allocated;
    }
}
