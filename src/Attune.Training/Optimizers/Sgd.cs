using Attune.Torch;

namespace Attune.Training.Optimizers;

/// <summary>Stochastic gradient descent with momentum. Sutskever et al. 2013, https://proceedings.mlr.press/v28/sutskever13.html</summary>
public sealed class Sgd(double momentum, bool nesterov) : IUpdateRule
{
    public IReadOnlyList<(string Name, long[] Shape)> StateShapes(ReadOnlySpan<long> shape) =>
        momentum == 0 ? [] : [("momentum_buffer", shape.ToArray())];

    public void Update(Tensor parameter, Tensor gradient, IReadOnlyList<Tensor> state, int step, double learningRate, double weightDecay)
    {
        if (weightDecay != 0)
            gradient += parameter * weightDecay;
        if (momentum != 0)
        {
            // the buffer starts at 0: the first step is the gradient
            var buffer = state[0].MultiplyInPlace(momentum).AddInPlace(gradient);
            gradient = nesterov ? gradient + buffer * momentum : buffer;
        }
        parameter.AddInPlace(gradient, -learningRate);
    }
}
