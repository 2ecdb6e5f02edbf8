using Attune.Torch;

namespace Attune.Training.Optimizers;

/// <summary>RMSprop. Tieleman and Hinton 2012, lecture 6.5 of "Neural Networks for Machine Learning".</summary>
public sealed class RmsProp(double alpha, double epsilon, double momentum) : IUpdateRule
{
    public IReadOnlyList<(string Name, long[] Shape)> StateShapes(ReadOnlySpan<long> shape) => momentum == 0
        ? [("square_avg", shape.ToArray())]
        : [("square_avg", shape.ToArray()), ("momentum_buffer", shape.ToArray())];

    public void Update(Tensor parameter, Tensor gradient, IReadOnlyList<Tensor> state, int step, double learningRate, double weightDecay)
    {
        if (weightDecay != 0)
            gradient += parameter * weightDecay;
        var square = state[0].MultiplyInPlace(alpha).AddcmulInPlace(gradient, gradient, 1 - alpha);
        var denominator = square.Sqrt() + epsilon;
        if (momentum == 0)
            parameter.AddcdivInPlace(gradient, denominator, -learningRate);
        else
            parameter.AddInPlace(state[1].MultiplyInPlace(momentum).AddcdivInPlace(gradient, denominator, 1), -learningRate);
    }
}
