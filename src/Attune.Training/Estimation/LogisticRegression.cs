using MathNet.Numerics;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Optimization;

namespace Attune.Training.Estimation;

/// <summary>
/// Logistic regression of two classes that weigh the same, with half the squared 2-norm of the coefficients as penalty: scikit-learn's
/// <c>LogisticRegression(class_weight="balanced")</c>.
/// </summary>
public sealed class LogisticRegression
{
    const double GradientTolerance = 1e-7;                               // relative to the objective
    const int Iterations = 1000;

    readonly Vector<double> coefficients;                                // (D + 1), the intercept last

    LogisticRegression(Vector<double> coefficients) => this.coefficients = coefficients;

    /// <summary>Minimises Σ w log(1 + exp(−y xᵀc)) + ½ ‖c‖², where the weights w of a class add up to half the number of rows.</summary>
    /// <param name="positive">Rows of D numbers, at least one.</param>
    /// <param name="negative">Rows of D numbers, at least one.</param>
    public static LogisticRegression Fit(IReadOnlyCollection<double[]> positive, IReadOnlyCollection<double[]> negative)
    {
        double[][] rows = [.. positive.Concat(negative).Select(WithOne)];
        var x = Matrix<double>.Build.DenseOfRowArrays(rows);             // (N, D + 1)
        var y = Vector<double>.Build.Dense(rows.Length, row => row < positive.Count ? 1 : -1);
        var weights = y.Map(sign => rows.Length / 2.0 / (sign > 0 ? positive.Count : negative.Count));
        var objective = ObjectiveFunction.Gradient(Evaluate);
        var minimizer = new LimitedMemoryBfgsMinimizer(GradientTolerance, 0, 0, memory: 10, Iterations);
        return new(minimizer.FindMinimum(objective, Vector<double>.Build.Dense(x.ColumnCount)).MinimizingPoint);

        (double, Vector<double>) Evaluate(Vector<double> c)
        {
            var margins = y.PointwiseMultiply(x * c);
            var penalised = c.Clone();
            penalised[^1] = 0;
            var losses = margins.Map(margin => margin > 0 ? Math.Log(1 + Math.Exp(-margin)) : Math.Log(1 + Math.Exp(margin)) - margin);
            var slopes = margins.Map(margin => -SpecialFunctions.Logistic(-margin)).PointwiseMultiply(y).PointwiseMultiply(weights);
            return (weights * losses + penalised * penalised / 2, x.TransposeThisAndMultiply(slopes) + penalised);
        }
    }

    /// <summary>The probability that a row belongs to the first class.</summary>
    public double Probability(double[] row) =>
        SpecialFunctions.Logistic(Vector<double>.Build.Dense(WithOne(row)) * coefficients);

    static double[] WithOne(double[] row) => [.. row, 1];
}
