using Attune.Torch;

namespace Attune.Training.Batches;

/// <summary>A loss to descend, and what to log of it.</summary>
/// <param name="Value">One number with a graph behind it.</param>
/// <param name="Figures">
/// One number each: shares of means, so that added up over the micro-batches of a step they are the step's figures.
/// </param>
public sealed record Loss(Tensor Value, IReadOnlyDictionary<string, Tensor> Figures)
{
    /// <summary>
    /// The figures, brought over from the device together: asked for once the backward pass is on its way, they keep it waiting once.
    /// </summary>
    public IReadOnlyDictionary<string, double> Metrics => field ??= Read();

    Dictionary<string, double> Read()
    {
        using var scope = TensorScope.Open();
        var numbers = Tensor.Stack(0, [.. Figures.Values.Select(figure => figure.Detach().To(DType.Float32))]).ToArray<float>();
        return Figures.Keys.Zip(numbers).ToDictionary(figure => figure.First, figure => (double)figure.Second, StringComparer.Ordinal);
    }
}
