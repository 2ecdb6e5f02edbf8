using Attune.Testing;

namespace Attune.Torch.Tests;

/// <summary>Compares the gradient of a function with central differences, in float64.</summary>
static class GradientCheck
{
    const double Step = 1e-6;

    /// <summary>Checks d(Σ w·f(inputs)) / d(inputs) for fixed weights w.</summary>
    public static void Run(string name, Func<Tensor[], Tensor> function, params Tensor[] inputs)
    {
        using var scope = TensorScope.Open();
        using var random = new RandomSource(5);
        foreach (var input in inputs)
            input.RequiresGrad = true;
        var output = function(inputs);
        var weights = Tensor.Normal(output.Shape.ToArray(), 0, 1, random, DType.Float64);
        (output * weights).Sum().Backward();
        for (var i = 0; i < inputs.Length; i++)
        {
            var analytic = inputs[i].Grad ?? throw new InvalidOperationException($"{name}: input {i} has no gradient");
            Numeric.Close(Differences(function, inputs, i, weights), analytic.ToArray<double>(), $"{name}, input {i}", 1e-7, 1e-5);
        }
    }

    static double[] Differences(Func<Tensor[], Tensor> function, Tensor[] inputs, int which, Tensor weights)
    {
        using var noGrad = Autograd.NoGrad();
        var values = inputs[which].ToArray<double>();
        var differences = new double[values.Length];
        for (var i = 0; i < values.Length; i++)
            differences[i] = (Shifted(i, Step) - Shifted(i, -Step)) / (2 * Step);
        return differences;

        double Shifted(int at, double by)
        {
            using var scope = TensorScope.Open();
            var shifted = (double[])values.Clone();
            shifted[at] += by;
            var arguments = (Tensor[])inputs.Clone();
            arguments[which] = Tensor.From(shifted, inputs[which].Shape.ToArray());
            return (function(arguments) * weights).Sum().Item();
        }
    }
}
