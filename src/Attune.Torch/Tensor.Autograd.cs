using Attune.Torch.Interop;

namespace Attune.Torch;

public sealed partial class Tensor
{
    /// <summary>Whether <see cref="Backward"/> computes a gradient for this tensor.</summary>
    public bool RequiresGrad
    {
        get
        {
            Native.Check(Native.attune_requires_grad(Handle, out var required));
            return required != 0;
        }
        set => Native.Check(Native.attune_set_requires_grad(Handle, value ? 1 : 0));
    }

    /// <summary>The gradient that backward passes have accumulated; null before the first one. Assigning null clears it.</summary>
    public Tensor? Grad
    {
        get
        {
            Native.Check(Native.attune_grad(Handle, out var gradient));
            return gradient == 0 ? null : new(gradient);
        }
        set => Native.Check(Native.attune_set_grad(Handle, value?.Handle ?? 0));
    }

    /// <summary>
    /// Adds the gradients of this number (or of the dot product with <paramref name="gradient"/>) to every leaf that requires one.
    /// </summary>
    public void Backward(Tensor? gradient = null) => CustomGradient.Check(Native.attune_backward(Handle, gradient?.Handle ?? 0));

    /// <summary>Makes this tensor, which has no graph, a function of another one whose gradient is computed by a function.</summary>
    /// <param name="input">The tensor that this one was computed from; it need not require a gradient.</param>
    /// <param name="backward">
    /// From the input, without a graph, and the gradient of this tensor to the gradient of the input; null for none. It is called at most
    /// once, by the backward pass.
    /// </param>
    /// <param name="needed">What the function needs; disposed when the graph is freed.</param>
    public Tensor WithBackward(Tensor input, Func<Tensor, Tensor, Tensor?> backward, IDisposable? needed = null)
    {
        CustomGradient.Set(this, input, backward, needed);
        return this;
    }

    /// <summary>
    /// The gradients of this number with respect to some leaves; null for a leaf that it does not depend on. Does not change the
    /// leaves, so that several threads can call it at once (torch.autograd.grad).
    /// </summary>
    public unsafe Tensor?[] GradientsOf(IReadOnlyList<Tensor> leaves)
    {
        nint[] handles = [.. leaves.Select(leaf => leaf.Handle)];
        var found = new nint[handles.Length];
        fixed (nint* inputs = handles, results = found)
            CustomGradient.Check(Native.attune_gradients(Handle, inputs, handles.Length, results));
        return [.. found.Select(gradient => gradient == 0 ? null : new Tensor(gradient))];
    }
}
