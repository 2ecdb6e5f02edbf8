using Attune.Torch;

namespace Attune.Training.Optimizers;

/// <summary>How one parameter moves, given its gradient and what the rule remembers of it.</summary>
public interface IUpdateRule
{
    /// <summary>What the rule remembers of a parameter: names, as torch.optim calls them, and shapes.</summary>
    IReadOnlyList<(string Name, long[] Shape)> StateShapes(ReadOnlySpan<long> shape);

    /// <summary>Changes the parameter and the state in place.</summary>
    /// <param name="parameter">The tensor that is learned.</param>
    /// <param name="gradient">Of the same shape; not changed.</param>
    /// <param name="state">In the order of <see cref="StateShapes"/>, zeros before the first step.</param>
    /// <param name="step">Counted from 1.</param>
    /// <param name="learningRate">Of this step.</param>
    /// <param name="weightDecay">0 for parameters that do not decay.</param>
    void Update(Tensor parameter, Tensor gradient, IReadOnlyList<Tensor> state, int step, double learningRate, double weightDecay);

    /// <summary>The same with the gradient times a factor.</summary>
    void Update(Tensor parameter, Tensor gradient, IReadOnlyList<Tensor> state, int step, double learningRate, double weightDecay, double gradientScale) =>
        Update(parameter, gradientScale == 1 ? gradient : gradient * gradientScale, state, step, learningRate, weightDecay);
}
