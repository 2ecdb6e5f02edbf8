using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Attune.Torch.Interop;

namespace Attune.Torch;

/// <summary>Lets libtorch's backward pass call functions of managed code (see <see cref="Tensor.WithBackward"/>).</summary>
static unsafe class CustomGradient
{
    [ThreadStatic] static ExceptionDispatchInfo? failure;

    public static void Set(Tensor output, Tensor input, Func<Tensor, Tensor, Tensor?> backward, IDisposable? needed)
    {
        var state = GCHandle.ToIntPtr(GCHandle.Alloc(new State(backward, needed)));
        Native.Check(Native.attune_set_backward(output.Handle, input.Handle, state, &Compute, &Release));
    }

    /// <summary>Throws the exception with which a function ended the backward pass, or libtorch's error.</summary>
    public static void Check(int status)
    {
        var thrown = failure;
        failure = null;
        if (status != 0)
            thrown?.Throw();
        Native.Check(status);
    }

    [UnmanagedCallersOnly]
    static int Compute(nint state, nint input, nint gradient, nint* result)
    {
        using var scope = TensorScope.Open();
        var (own, given) = (new Tensor(input), new Tensor(gradient));
        try
        {
            *result = StateOf(state).Backward(own, given)?.TakeHandle() ?? 0;
            return 0;
        }
        catch (Exception error)
        {
            failure = ExceptionDispatchInfo.Capture(error);
            return 1;
        }
    }

    [UnmanagedCallersOnly]
    static void Release(nint state)
    {
        StateOf(state).Needed?.Dispose();
        GCHandle.FromIntPtr(state).Free();
    }

    static State StateOf(nint state) => (State)GCHandle.FromIntPtr(state).Target!;

    sealed record State(Func<Tensor, Tensor, Tensor?> Backward, IDisposable? Needed);
}
