using Attune.Torch.Interop;

namespace Attune.Torch;

/// <summary>Whether <see cref="Tensor.Backward"/> can use the operators that this thread calls.</summary>
public static class Autograd
{
    /// <summary>Whether operators are recorded on this thread.</summary>
    public static bool IsEnabled
    {
        get
        {
            using var mode = NoGrad();
            return mode.WasEnabled;
        }
    }

    /// <summary>Switches recording off until the result is disposed.</summary>
    public static GradMode NoGrad() => new(enabled: false);

    /// <summary>Switches recording on until the result is disposed, also inside <see cref="NoGrad"/>.</summary>
    public static GradMode EnableGrad() => new(enabled: true);
}

/// <summary>Restores the thread's grad mode when it is disposed.</summary>
public readonly ref struct GradMode
{
    readonly int before;

    internal GradMode(bool enabled) => before = Native.attune_set_grad_mode(enabled ? 1 : 0);

    internal bool WasEnabled => before != 0;

    public void Dispose() => _ = Native.attune_set_grad_mode(before);
}
