using Attune.Torch.Interop;

namespace Attune.Torch;

/// <summary>Whether operators on this thread are recorded for <see cref="Tensor.Backward"/>.</summary>
public static class Autograd
{
    /// <summary>Stops recording until the result is disposed of.</summary>
    public static GradMode NoGrad() => new(enabled: false);

    /// <summary>Records until the result is disposed of, also inside <see cref="NoGrad"/>.</summary>
    public static GradMode EnableGrad() => new(enabled: true);
}

/// <summary>Restores the thread's grad mode when disposed of.</summary>
public readonly ref struct GradMode
{
    readonly int before;

    internal GradMode(bool enabled) => before = Native.attune_set_grad_mode(enabled ? 1 : 0);

    public void Dispose() => _ = Native.attune_set_grad_mode(before);
}
