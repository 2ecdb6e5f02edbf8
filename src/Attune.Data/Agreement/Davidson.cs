using MathNet.Numerics.LinearAlgebra;

namespace Attune.Data.Agreement;

/// <summary>Two models that meet, with a length difference.</summary>
/// <param name="First">The smaller number.</param>
/// <param name="Second">The larger.</param>
/// <param name="Difference">Of lengths, x.</param>
readonly record struct Match(int First, int Second, double Difference);

/// <summary>
/// Bradley and Terry's model with ties, Davidson 1970, https://doi.org/10.1080/01621459.1970.10481082: with d = s₁ − s₂ + β x, the odds of
/// first : tie : second are e^(d/2) : ν : e^(−d/2). Among decided comparisons these are Bradley and Terry's e^d : 1, so strengths keep
/// their meaning however many tie (with Rao and Kupper's threshold they do not), and a tie weighs as half a win for each. The
/// log-likelihood is concave in s, ln ν and β, and a normal prior makes its maximum one and finite: Newton's method, with steps halved
/// where they overshoot.
/// </summary>
/// <param name="meetings">Who met whom.</param>
/// <param name="models">M</param>
/// <param name="lengthControl">Whether there is a β.</param>
/// <param name="priorDeviation">Of all parameters, in the units of s.</param>
sealed class Davidson(IReadOnlyList<Match> meetings, int models, bool lengthControl, double priorDeviation)
{
    const int MostSteps = 100;
    const double Tolerance = 1e-4;                               // the step after it would be its square

    const double Noise = 1e-12;

    readonly int size = models + (lengthControl ? 2 : 1);

    /// <summary>The parameters that make the outcomes most likely: s (M), ln ν, and β where there is one.</summary>
    /// <param name="outcomes">Of each meeting: how often the first won, the second, neither.</param>
    /// <param name="start">Where to begin; null for zeros.</param>
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

    /// <summary>The x with A x = b, of a symmetric, positive definite A (N, N) of which the lower triangle is read.</summary>
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

    /// <returns>The log-likelihood of what came of one meeting.</returns>
    double Add(Match meeting, ReadOnlySpan<int> outcomes, double[] place, double[] gradient, double[,] curvature)
    {
        double count = outcomes[0] + outcomes[1] + outcomes[2];
        if (count == 0)
            return 0;
        var (first, second, x) = meeting;
        var (tie, length) = (models, models + 1);
        var d = place[first] - place[second] + (lengthControl ? place[length] * x : 0);
        var (win, even, loss) = (Math.Exp(d / 2), Math.Exp(place[tie]), Math.Exp(-d / 2));
        var all = win + even + loss;
        var (lead, ties) = ((win - loss) / all, even / all);      // what a win (1), tie (0) or loss (−1) is worth on average

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
        if (lengthControl)
        {
            gradient[length] += x * slope;
            curvature[length, first] += x * curve;
            curvature[length, second] -= x * curve;
            curvature[length, tie] += x * cross;
            curvature[length, length] += x * x * curve;
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
