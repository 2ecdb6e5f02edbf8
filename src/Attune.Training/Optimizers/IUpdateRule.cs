using Attune.Torch;

namespace Attune.Training.Optimizers;

/// <summary>The update of one parameter, from its gradient and the rule's state.</summary>
public interface IUpdateRule
{
    /// <summary>The state of a parameter: names as in torch.optim, and shapes.</summary>
    IReadOnlyList<(string Name, long[] Shape)> StateShapes(ReadOnlySpan<long> shape);

    /// <summary>Changes the parameter and the state in place.</summary>
    /// <param name="parameter">The tensor to update.</param>
    /// <param name="gradient">Its gradient, of the same shape; not changed.</param>
    /// <param name="state">State tensors in the order of <see cref="StateShapes"/>; zeros before the first step.</param>
    /// <param name="step">The number of the step, from 1.</param>
    /// <param name="learningRate">The learning rate of this step.</param>
    /// <param name="weightDecay">The weight decay; 0 for parameters that do not decay.</param>
    void Update(Tensor parameter, Tensor gradient, IReadOnlyList<Tensor> state, int step, double learningRate, double weightDecay);

    /// <summary>The update with the gradient multiplied by <paramref name="gradientScale"/>.</summary>
    void Update(
        Tensor parameter, Tensor gradient, IReadOnlyList<Tensor> state, int step, double learningRate, double weightDecay,
        double gradientScale) =>
        Update(parameter, gradientScale == 1 ? gradient : gradient * gradientScale, state, step, learningRate, weightDecay);
}
