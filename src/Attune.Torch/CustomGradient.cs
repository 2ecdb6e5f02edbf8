using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Attune.Torch.Interop;

namespace Attune.Torch;

/// <summary>Lets libtorch's backward pass call functions of managed code (see <see cref="Tensor.WithBackward"/>).</summary>
static unsafe class CustomGradient
{
    /// <summary>
    /// Where the functions that this thread has set leave their exception: libtorch calls those of a GPU on threads of its own.
    /// </summary>
    [ThreadStatic] static Failure? failure;

    public static void Set(Tensor output, Tensor input, Func<Tensor, Tensor, Tensor?> backward, IDisposable? needed)
    {
        var state = new State(backward, needed, failure ??= new());
        var handle = GCHandle.Alloc(state);
        try
        {
            Native.Check(Native.attune_set_backward(output.Handle, input.Handle, GCHandle.ToIntPtr(handle), &Compute, &Release));
        }
        catch
        {
            Release(state, handle);
            throw;
        }
    }

    /// <summary>
    /// Throws the exception with which a function ended the backward pass, or libtorch's error. Called on the thread that made the graph.
    /// </summary>
    public static void Check(int status)
    {
        var thrown = failure?.Take();
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
            StateOf(state).Failure.Error = ExceptionDispatchInfo.Capture(error);
            return 1;
        }
    }

    [UnmanagedCallersOnly]
    static void Release(nint state) => Release(StateOf(state), GCHandle.FromIntPtr(state));

    static void Release(State state, GCHandle handle)
    {
        state.Needed?.Dispose();
        handle.Free();
    }

    static State StateOf(nint state) => (State)GCHandle.FromIntPtr(state).Target!;

    sealed record State(Func<Tensor, Tensor, Tensor?> Backward, IDisposable? Needed, Failure Failure);

    sealed class Failure
    {
        public ExceptionDispatchInfo? Error { get; set; }

        public ExceptionDispatchInfo? Take()
        {
            var taken = Error;
            Error = null;
            return taken;
        }
    }
}
