namespace Attune.Torch;

/// <summary>
/// Frees the tensors that a thread makes while the scope is the innermost open one, except those that are kept. Scopes nest;
/// a tensor made outside of any scope lives until it is disposed of or collected.
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

    /// <summary>Hands a tensor of this scope to the scope around it (or to nobody), so that it outlives this one.</summary>
    public Tensor MoveToOuterScope(Tensor tensor)
    {
        if (tensor.Scope == this)
        {
            tensor.Scope = outer;
            outer?.tensors.Add(tensor);
        }
        return tensor;
    }

    /// <summary>Frees what was made in the scope and not kept. Scopes close in the reverse order of opening.</summary>
    public void Dispose()
    {
        if (current != this)
            throw new InvalidOperationException("a tensor scope was closed while an inner one was open, or twice, or on another thread");
        current = outer;
        foreach (var tensor in tensors)
            if (tensor.Scope == this)
                tensor.Dispose();
    }
}
