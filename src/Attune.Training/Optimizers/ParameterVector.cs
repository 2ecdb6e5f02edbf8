using Attune.Torch;

namespace Attune.Training.Optimizers;

/// <summary>Parameters as one vector.</summary>
/// <param name="parameters">The parameters, which are changed in place.</param>
public sealed class ParameterVector(IReadOnlyList<Tensor> parameters)
{
    /// <summary>A copy of the values: (P).</summary>
    public Tensor Values => Flat(parameter => parameter.Detach());

    /// <summary>A copy of the accumulated gradients: (P), 0 where there is none.</summary>
    public Tensor Gradient => Flat(parameter => parameter.Grad ?? parameter.Detach().ZerosLike());

    /// <summary>Overwrites the values.</summary>
    /// <param name="vector">(P)</param>
    public void Set(Tensor vector)
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        var start = 0L;
        foreach (var parameter in parameters)
        {
            parameter.CopyInPlace(vector.Slice(0, start, start + parameter.ElementCount).Reshape(parameter.Shape.ToArray()));
            start += parameter.ElementCount;
        }
    }

    public void ClearGradients()
    {
        foreach (var parameter in parameters)
            parameter.Grad = null;
    }

    Tensor Flat(Func<Tensor, Tensor> part)
    {
        using var noGrad = Autograd.NoGrad();
        using var scope = TensorScope.Open();
        return scope.MoveToOuterScope(Tensor.Concatenate(0, [.. parameters.Select(parameter => part(parameter).Reshape(-1))]).Clone());
    }
}
