using MathNet.Numerics.LinearAlgebra;

namespace Attune.Data.Agreement;

/// <summary>The differences of two responses in each feature of style, x.</summary>
readonly record struct StyleDifference(double Length, double Headers, double ListItems, double Bold)
{
    /// <param name="feature">The number of a <see cref="StyleFeature"/>.</param>
    public double this[int feature] => feature switch { 0 => Length, 1 => Headers, 2 => ListItems, _ => Bold };

    public static StyleDifference operator -(StyleDifference x) => new(-x.Length, -x.Headers, -x.ListItems, -x.Bold);
}

/// <summary>Two models that are compared, and the difference of their responses' styles.</summary>
/// <param name="First">The number of one model.</param>
/// <param name="Second">The number of the other model, which is larger.</param>
/// <param name="Difference">The differences in style, x.</param>
readonly record struct Match(int First, int Second, StyleDifference Difference);

/// <summary>
/// The Bradley–Terry model with ties, Davidson 1970, https://doi.org/10.1080/01621459.1970.10481082: with d = s₁ − s₂ + β · x, the odds of
/// first : tie : second are e^(d/2) : ν : e^(−d/2). Without ties the odds are those of Bradley and Terry, e^d : 1, so strengths keep their
/// meaning for any number of ties (with the threshold of Rao and Kupper they do not), and a tie counts as half a win for each. The
/// log-likelihood is concave in s, ln ν and β; a normal prior makes its maximum unique and finite. It is found by Newton's method, which
/// halves a step that overshoots.
/// </summary>
/// <param name="meetings">Which models are compared.</param>
/// <param name="models">How many models there are, M.</param>
/// <param name="features">How many features of style have a coefficient in β, F.</param>
/// <param name="priorDeviation">The prior's standard deviation of every parameter, in the units of s.</param>
sealed class Davidson(IReadOnlyList<Match> meetings, int models, int features, double priorDeviation)
{
    const int MostSteps = 100;
    const double Tolerance = 1e-4;                               // Newton's method is quadratic: the next step would be about its square

    const double Noise = 1e-12;

    readonly int size = models + 1 + features;

    /// <summary>The maximum a posteriori estimate: s (M), ln ν, and β (F).</summary>
    /// <param name="outcomes">For each meeting: how often the first model won, how often the second won, and how many ties.</param>
    /// <param name="start">The initial parameters; null for zeros.</param>
    public double[] Fit(int[] outcomes, double[]? start = null)
    {
        var at = Evaluate(start ?? new double[size], outcomes);
        for (var step = 0; step < MostSteps; step++)
        {
            var move = Solve(at.Curvature, at.Gradient);
            var next = Evaluate(Sum(at.Place, move, 1), outcomes);
            for (var part = 0.5; next.Height < at.Height - Noise * Math.Abs(at.Height); part /= 2)
                next = Evaluate(Sum(at.Place, move, part), outcomes);
            at = next;
            if (move.Max(Math.Abs) < Tolerance)
                break;
        }
        return at.Place;
    }

    /// <summary>Solves A x = b for a symmetric, positive definite A (N, N); only the lower triangle of A is read.</summary>
    static double[] Solve(double[,] a, double[] b) =>
        Matrix<double>.Build.DenseOfArray(a).Cholesky().Solve(Vector<double>.Build.Dense(b)).ToArray();

    sealed record View(double[] Place, double Height, double[] Gradient, double[,] Curvature);

    View Evaluate(double[] place, int[] outcomes)
    {
        var precision = 1 / (priorDeviation * priorDeviation);
        var gradient = Array.ConvertAll(place, value => -value * precision);
        var curvature = new double[size, size];                  // the lower triangle
        for (var i = 0; i < size; i++)
            curvature[i, i] = precision;
        var height = -place.Sum(value => value * value) * precision / 2;
        for (var i = 0; i < meetings.Count; i++)
            height += Add(meetings[i], outcomes.AsSpan(3 * i, 3), place, gradient, curvature);
        return new(place, height, gradient, curvature);
    }

    /// <returns>The log-likelihood of the outcomes of one meeting.</returns>
    double Add(Match meeting, ReadOnlySpan<int> outcomes, double[] place, double[] gradient, double[,] curvature)
    {
        double count = outcomes[0] + outcomes[1] + outcomes[2];
        if (count == 0)
            return 0;
        var (first, second, x) = meeting;
        var tie = models;
        var d = place[first] - place[second];
        for (var k = 0; k < features; k++)
            d += place[models + 1 + k] * x[k];
        var (win, even, loss) = (Math.Exp(d / 2), Math.Exp(place[tie]), Math.Exp(-d / 2));
        var all = win + even + loss;
        var (lead, ties) = ((win - loss) / all, even / all);      // the mean of win (1), tie (0) and loss (−1)

        var slope = (outcomes[0] - outcomes[1] - count * lead) / 2;
        gradient[first] += slope;
        gradient[second] -= slope;
        gradient[tie] += outcomes[2] - count * ties;

        var curve = count * (1 - ties - lead * lead) / 4;
        var cross = -count * ties * lead / 2;
        curvature[first, first] += curve;
        curvature[second, second] += curve;
        curvature[second, first] -= curve;
        curvature[tie, first] += cross;
        curvature[tie, second] -= cross;
        curvature[tie, tie] += count * ties * (1 - ties);
        for (var k = 0; k < features; k++)
        {
            var feature = models + 1 + k;
            gradient[feature] += x[k] * slope;
            curvature[feature, first] += x[k] * curve;
            curvature[feature, second] -= x[k] * curve;
            curvature[feature, tie] += x[k] * cross;
            for (var j = 0; j <= k; j++)
                curvature[feature, models + 1 + j] += x[k] * x[j] * curve;
        }
        return (outcomes[0] - outcomes[1]) * d / 2 + outcomes[2] * place[tie] - count * Math.Log(all);
    }

    static double[] Sum(double[] place, double[] move, double part)
    {
        var sum = new double[place.Length];
        for (var i = 0; i < sum.Length; i++)
            sum[i] = place[i] + part * move[i];
        return sum;
    }
}
