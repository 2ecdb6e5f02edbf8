using Attune.Torch;

namespace Attune.Models.Backbones;

/// <summary>A value with the tensors that were made for it, which are freed when its last user disposes of it.</summary>
sealed class SharedTensors<T> : IDisposable
{
    readonly IReadOnlyList<Tensor> tensors;
    int users = 1;

    public SharedTensors(Func<T> create)
    {
        using var scope = TensorScope.Open();
        Value = create();
        tensors = scope.Take();
    }

    public T Value { get; }

    /// <summary>Adds a user, who disposes of this value too.</summary>
    public SharedTensors<T> Share()
    {
        Interlocked.Increment(ref users);
        return this;
    }

    public void Dispose()
    {
        if (Interlocked.Decrement(ref users) > 0)
            return;
        foreach (var tensor in tensors)
            tensor.Dispose();
    }
}
