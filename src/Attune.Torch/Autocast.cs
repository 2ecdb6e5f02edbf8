using Attune.Torch.Interop;

namespace Attune.Torch;

/// <summary>
/// Mixed precision of this thread: while it lasts, matrix products compute in a narrower type, and what needs range or exactness
/// (exponentials, sums, losses) in float32; parameters keep their type. Micikevicius et al. 2018, https://arxiv.org/abs/1710.03740
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

    /// <summary>Until the result is disposed of; null switches it off.</summary>
    public static Autocast To(DType? dtype, Device device) => new(device.Type, (int?)dtype ?? Off);

    public void Dispose() => Native.Check(Native.attune_set_autocast((int)device, before, out _));
}
