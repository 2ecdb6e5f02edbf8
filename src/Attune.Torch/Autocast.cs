using Attune.Torch.Interop;

namespace Attune.Torch;

/// <summary>
/// Mixed precision on the current thread: matrix products compute in a narrower type; exponentials, sums and losses compute in float32.
/// Parameters keep their type. Micikevicius et al. 2018, https://arxiv.org/abs/1710.03740
/// </summary>
public readonly ref struct Autocast
{
    const int Off = -1;

    readonly DeviceType device;
    readonly int before;

    Autocast(DeviceType device, int dtype)
    {
        this.device = device;
        Native.Check(Native.attune_set_autocast((int)device, dtype, out before));
    }

    /// <summary>Switches autocast to the type until the result is disposed; null switches it off.</summary>
    public static Autocast To(DType? dtype, Device device) => new(device.Type, (int?)dtype ?? Off);

    public void Dispose() => Native.Check(Native.attune_set_autocast((int)device, before, out _));
}
