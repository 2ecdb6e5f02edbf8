using Attune.Torch;

namespace Attune.Training.Optimizers;

/// <summary>
/// Adam (Kingma and Ba 2015, algorithm 1, https://arxiv.org/abs/1412.6980), with decoupled weight decay (AdamW, Loshchilov and
/// Hutter 2019, algorithm 2, https://arxiv.org/abs/1711.05101) or with weight decay added to the gradient.
/// </summary>
public sealed class Adam(double beta1, double beta2, double epsilon, bool decoupledDecay) : IUpdateRule
{
    public IReadOnlyList<(string Name, long[] Shape)> StateShapes(ReadOnlySpan<long> shape) =>
        [("exp_avg", shape.ToArray()), ("exp_avg_sq", shape.ToArray())];

    public void Update(Tensor parameter, Tensor gradient, IReadOnlyList<Tensor> state, int step, double learningRate, double weightDecay) =>
        Update(parameter, gradient, state, step, learningRate, weightDecay, gradientScale: 1);

    public void Update(
        Tensor parameter, Tensor gradient, IReadOnlyList<Tensor> state, int step, double learningRate, double weightDecay,
        double gradientScale)
    {
        var (expAvg, expAvgSq) = (state[0], state[1]);
        var (biasCorrection1, biasCorrection2) = (1 - Math.Pow(beta1, step), 1 - Math.Pow(beta2, step));
        var (decoupled, coupled) = decoupledDecay ? (weightDecay, 0.0) : (0.0, weightDecay);
        if (parameter.AdamInPlace(gradient, expAvg, expAvgSq, new(
            (float)gradientScale, (float)(1 - learningRate * decoupled), (float)coupled,
            (float)(1 - beta1), (float)beta2, (float)(1 - beta2),
            (float)(learningRate / biasCorrection1), (float)(1 / Math.Sqrt(biasCorrection2)), (float)epsilon)))
            return;
        if (gradientScale != 1)
            gradient *= gradientScale;
        if (coupled != 0)
            gradient += parameter * coupled;
        if (decoupled != 0)
            parameter.MultiplyInPlace(1 - learningRate * decoupled);
        expAvg.LerpInPlace(gradient, 1 - beta1);
        expAvgSq.MultiplyInPlace(beta2).AddcmulInPlace(gradient, gradient, 1 - beta2);
        var denominator = expAvgSq.Sqrt().MultiplyInPlace(1 / Math.Sqrt(biasCorrection2)) + epsilon;
        parameter.AddcdivInPlace(expAvg, denominator, -learningRate / biasCorrection1);
    }
}
