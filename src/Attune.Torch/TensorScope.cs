namespace Attune.Torch;

/// <summary>
/// Frees the tensors that a thread makes while this is the innermost open scope, except those that are kept. Scopes nest. A tensor made
/// outside of any scope lives until it is disposed or collected.
/// </summary>
public sealed class TensorScope : IDisposable
{
    [ThreadStatic] static TensorScope? current;

    readonly TensorScope? outer;
    readonly List<Tensor> tensors = [];

    TensorScope(TensorScope? outer) => this.outer = outer;

    public static TensorScope Open() => current = new(current);

    internal static void Register(Tensor tensor)
    {
        if (current is not { } scope)
            return;
        tensor.Scope = scope;
        scope.tensors.Add(tensor);
    }

    /// <summary>Moves a tensor of this scope to the enclosing scope (or to none), so that it outlives this one.</summary>
    public Tensor MoveToOuterScope(Tensor tensor)
    {
        if (tensor.Scope == this)
        {
            tensor.Scope = outer;
            outer?.tensors.Add(tensor);
        }
        return tensor;
    }

    /// <summary>Removes all tensors from this scope, so that they live until they are disposed.</summary>
    public IReadOnlyList<Tensor> Take()
    {
        Tensor[] taken = [.. tensors.Where(tensor => tensor.Scope == this)];
        foreach (var tensor in taken)
            tensor.DetachFromScope();
        return taken;
    }

    /// <summary>Frees the tensors of this scope that were not kept. Scopes must be closed in reverse order of opening.</summary>
    public void Dispose()
    {
        if (current != this)
            throw new InvalidOperationException(
                "a tensor scope was closed while an inner scope was open, was closed twice, or was closed on another thread");
        current = outer;
        foreach (var tensor in tensors)
            if (tensor.Scope == this)
                tensor.Dispose();
    }
}
