using Attune.Torch;

namespace Attune.Training.Optimizers;

/// <summary>
/// Adafactor: the second moment of a matrix is factored into a row and a column. Shazeer and Stern 2018, algorithms 4 and 5,
/// https://arxiv.org/abs/1804.04235
/// </summary>
public sealed class Adafactor(AdafactorOptions options) : IUpdateRule
{
    public IReadOnlyList<(string Name, long[] Shape)> StateShapes(ReadOnlySpan<long> shape)
    {
        var state = new List<(string, long[])>();
        if (shape.Length >= 2)
            state.AddRange([("exp_avg_sq_row", shape[..^1].ToArray()), ("exp_avg_sq_col", [.. shape[..^2], shape[^1]])]);
        else
            state.Add(("exp_avg_sq", shape.ToArray()));
        if (options.Beta1 > 0)
            state.Add(("exp_avg", shape.ToArray()));
        return state;
    }

    public void Update(Tensor parameter, Tensor gradient, IReadOnlyList<Tensor> state, int step, double learningRate, double weightDecay)
    {
        var rate = Rate(parameter, step, learningRate);
        var decay = 1 - Math.Pow(step, options.DecayRate);
        var square = gradient.Square() + options.Epsilon;
        var update = gradient * (parameter.Dimensions >= 2 ? Factored(square, state, decay) : Unfactored(square, state[0], decay));
        update.MultiplyInPlace(rate / Math.Max(1, RootMeanSquare(update) / options.ClipThreshold));
        if (options.Beta1 > 0)
            update = state[^1].LerpInPlace(update, 1 - options.Beta1);
        if (weightDecay != 0)
            parameter.MultiplyInPlace(1 - weightDecay * rate);
        parameter.AddInPlace(update, -1);
    }

    /// <summary>1/√ of the second moment, from the row and column means of the squares.</summary>
    static Tensor Factored(Tensor square, IReadOnlyList<Tensor> state, double decay)
    {
        var row = state[0].LerpInPlace(square.Mean(-1), 1 - decay);                         // (…, rows)
        var column = state[1].LerpInPlace(square.Mean(-2), 1 - decay);                      // (…, columns)
        var rowFactor = (row / row.Mean(-1, keepDim: true)).Rsqrt();
        return rowFactor.Unsqueeze(-1) * column.Rsqrt().Unsqueeze(-2);
    }

    static Tensor Unfactored(Tensor square, Tensor state, double decay) => state.LerpInPlace(square, 1 - decay).Rsqrt();

    double Rate(Tensor parameter, int step, double learningRate)
    {
        var rate = options.RelativeStep ? Math.Min(options.WarmupInit ? 1e-6 * step : 1e-2, 1 / Math.Sqrt(step)) : learningRate;
        return options.ScaleParameter ? rate * Math.Max(options.ScaleEpsilon, RootMeanSquare(parameter)) : rate;
    }

    static double RootMeanSquare(Tensor x) => x.Norm().Item() / Math.Sqrt(x.ElementCount);
}

/// <summary>The settings of <see cref="Adafactor"/>; the defaults are for an external learning rate.</summary>
public sealed record AdafactorOptions
{
    /// <summary>ε₁, added to the squared gradient.</summary>
    public double Epsilon { get; init; } = 1e-30;

    /// <summary>ε₂, the smallest scale of a parameter.</summary>
    public double ScaleEpsilon { get; init; } = 1e-3;

    /// <summary>d, the largest root mean square of an update.</summary>
    public double ClipThreshold { get; init; } = 1;

    /// <summary>The decay of the second moment is 1 − step^rate.</summary>
    public double DecayRate { get; init; } = -0.8;

    /// <summary>The decay of the first moment; 0 for no first moment.</summary>
    public double Beta1 { get; init; }

    /// <summary>Whether the rate is multiplied by the parameter's root mean square.</summary>
    public bool ScaleParameter { get; init; }

    /// <summary>Whether the rate is min(10⁻², 1/√step) instead of the given one.</summary>
    public bool RelativeStep { get; init; }

    /// <summary>Whether the relative step starts at 10⁻⁶ · step.</summary>
    public bool WarmupInit { get; init; }
}
