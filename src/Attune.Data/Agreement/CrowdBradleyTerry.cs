using MathNet.Numerics.LinearAlgebra;

namespace Attune.Data.Agreement;

/// <summary>An annotator's reliability among those who compared the same models.</summary>
/// <param name="Rater">The annotator.</param>
/// <param name="Reliability">The probability η that the annotator's choice follows the strengths; ½ is a coin, below it the choices are
/// reversed.</param>
public sealed record RaterReliability(long Rater, Estimate Reliability);

/// <summary>
/// Crowd-BT, Chen et al. 2013, https://doi.org/10.1145/2433396.2433420: the Bradley–Terry model where annotator k reports the better of two
/// models with probability η, so the first wins with probability η σ(d) + (1 − η) σ(−d), d = s₁ − s₂. The EM algorithm alternates between
/// the probability that a choice was reversed, and η and s (one step of Hunter 2004, https://doi.org/10.1214/aos/1079120141). Departures:
/// 1. A tie is half a win for each model, whoever says it.
/// 2. η has a Beta prior, as if the annotator had made <c>prior</c> choices as reliable as everyone's, and every model has half a win and
/// half a loss against a model of strength 0.
/// 3. Intervals come from the outer products of gradients, where the comparisons are independent. Where all models are close, reliable
/// annotators and large differences look much alike, and the intervals are too narrow.
/// </summary>
/// <param name="Strengths">(M): the strength of each model in points, as on the leaderboard.</param>
/// <param name="Raters">The annotators.</param>
public sealed record CrowdBradleyTerry(IReadOnlyList<Estimate> Strengths, IReadOnlyList<RaterReliability> Raters)
{
    const int MostSteps = 500;
    const double Tolerance = 1e-6;
    const double Usual = 0.9;                                    // η at the start: most annotators know what they do

    /// <summary>How often an annotator chose each of two models; ties are halves.</summary>
    sealed class Cell(int rater, int first, int second)
    {
        public int Rater => rater;

        public int First => first;

        public int Second => second;

        public double[] Wins { get; } = new double[2];

        public double Ties { get; set; }
    }

    /// <param name="comparisons">The comparisons; those of a model with itself are ignored.</param>
    /// <param name="models">How many models there are, M.</param>
    /// <param name="prior">How many choices the prior adds to each annotator.</param>
    public static CrowdBradleyTerry Fit(IEnumerable<ModelComparison> comparisons, int models, double prior = 2)
    {
        var (cells, raters) = Count(comparisons);
        if (cells.Count == 0)
            return new([], []);
        var (gamma, eta) = (Enumerable.Repeat(1.0, models).ToArray(), Enumerable.Repeat(Usual, raters.Count).ToArray());
        for (var step = 0; step < MostSteps; step++)
            if (Step(cells, gamma, eta, prior) < Tolerance)
                break;
        var (strengths, reliabilities) = Estimates(cells, gamma, eta, prior);
        return new(strengths, [.. raters.Zip(reliabilities, (rater, reliability) => new RaterReliability(rater, reliability))]);
    }

    static (List<Cell> Cells, List<long> Raters) Count(IEnumerable<ModelComparison> comparisons)
    {
        var (numbers, raters) = (new Dictionary<long, int>(), new List<long>());
        var cells = new Dictionary<(int, int, int), Cell>();
        foreach (var comparison in comparisons)
        {
            if (comparison.First == comparison.Second)
                continue;
            if (!numbers.TryGetValue(comparison.Rater, out var rater))
            {
                numbers.Add(comparison.Rater, rater = raters.Count);
                raters.Add(comparison.Rater);
            }
            var turned = comparison.First > comparison.Second;
            var (first, second) = turned ? (comparison.Second, comparison.First) : (comparison.First, comparison.Second);
            if (!cells.TryGetValue((rater, first, second), out var cell))
                cells.Add((rater, first, second), cell = new(rater, first, second));
            if (comparison.Winner == Winner.Neither)
                cell.Ties++;
            else
                cell.Wins[comparison.Winner == Winner.First != turned ? 0 : 1]++;
        }
        return ([.. cells.Values], raters);
    }

    /// <summary>One step of the EM algorithm.</summary>
    /// <param name="cells">The counts.</param>
    /// <param name="gamma">(M): e^s, which is updated.</param>
    /// <param name="eta">(A): η, which is updated.</param>
    /// <param name="prior">How many choices the prior adds to each annotator.</param>
    /// <returns>The largest change.</returns>
    static double Step(List<Cell> cells, double[] gamma, double[] eta, double prior)
    {
        var (wins, weights) = (Array.ConvertAll(gamma, _ => 0.5), Array.ConvertAll(gamma, value => 1 / (value + 1)));
        var (faithful, chosen) = (new double[eta.Length], new double[eta.Length]);
        foreach (var cell in cells)
        {
            var (first, second) = (cell.First, cell.Second);
            var sum = gamma[first] + gamma[second];
            var all = cell.Wins[0] + cell.Wins[1] + cell.Ties;
            var (one, other) = (Faithful(gamma[first] / sum, eta[cell.Rater]), Faithful(gamma[second] / sum, eta[cell.Rater]));
            faithful[cell.Rater] += cell.Wins[0] * one + cell.Wins[1] * other;
            chosen[cell.Rater] += cell.Wins[0] + cell.Wins[1];
            var won = cell.Wins[0] * one + cell.Wins[1] * (1 - other) + cell.Ties / 2;
            wins[first] += won;
            wins[second] += all - won;
            weights[first] += all / sum;
            weights[second] += all / sum;
        }
        var everyone = chosen.Sum() > 0 ? faithful.Sum() / chosen.Sum() : Usual;
        var change = 0.0;
        for (var rater = 0; rater < eta.Length; rater++)
            change = Math.Max(change, Set(ref eta[rater], (faithful[rater] + prior * everyone) / (chosen[rater] + prior)));
        for (var model = 0; model < gamma.Length; model++)
            change = Math.Max(change, Set(ref gamma[model], wins[model] / weights[model]));
        return change;
    }

    static double Set(ref double value, double next)
    {
        var change = Math.Abs(next - value) / Math.Max(1, value);
        value = next;
        return change;
    }

    /// <summary>The probability that a choice follows the strengths.</summary>
    /// <param name="chance">σ(d), where d is the strength of the chosen model less that of the other one.</param>
    /// <param name="eta">The annotator's η.</param>
    static double Faithful(double chance, double eta) => eta * chance / (eta * chance + (1 - eta) * (1 - chance));

    static double Chance(Cell cell, double[] gamma, int winner) =>
        gamma[winner == 0 ? cell.First : cell.Second] / (gamma[cell.First] + gamma[cell.Second]);

    /// <summary>
    /// Strengths in points and reliabilities with intervals. The information about the logits of η and s is a matrix whose part of η is
    /// diagonal, so its inverse needs only that of an (M, M) matrix (Schur's complement).
    /// </summary>
    static (IReadOnlyList<Estimate> Strengths, IReadOnlyList<Estimate> Reliabilities) Estimates(
        List<Cell> cells, double[] gamma, double[] eta, double prior)
    {
        var models = gamma.Length;
        var identity = Matrix<double>.Build.DenseIdentity(models);
        var ofStrengths = identity / 4;                                             // of half a win and half a loss
        var ofReliabilities = Array.ConvertAll(eta, value => prior * value * (1 - value));
        var shared = Matrix<double>.Build.Dense(eta.Length, models);
        var (compared, chosen) = (new int[models], new int[eta.Length]);
        foreach (var cell in cells)
        {
            for (var winner = 0; winner < 2; winner++)
            {
                var (count, chance) = (cell.Wins[winner], Chance(cell, gamma, winner));
                var score = Faithful(chance, eta[cell.Rater]) - eta[cell.Rater];     // by the logit of η
                var slope = Slope(chance, eta[cell.Rater]) * (winner == 0 ? 1 : -1); // by d
                ofReliabilities[cell.Rater] += count * score * score;
                AddSquare(cell, count * slope * slope);
                shared[cell.Rater, cell.First] += count * score * slope;
                shared[cell.Rater, cell.Second] -= count * score * slope;
                chosen[cell.Rater] += (int)count;
            }
            AddSquare(cell, cell.Ties * Math.Pow(Chance(cell, gamma, 0) - 0.5, 2));
            foreach (var model in new[] { cell.First, cell.Second })
                compared[model] += (int)(cell.Wins[0] + cell.Wins[1] + cell.Ties);
        }
        var scaled = Matrix<double>.Build.Dense(eta.Length, models, (rater, model) => shared[rater, model] / ofReliabilities[rater]);
        var covariance = (ofStrengths - shared.TransposeThisAndMultiply(scaled)).Inverse();
        var centre = identity - 1.0 / models;                                       // strengths are less their mean
        var variances = (centre * covariance * centre).Diagonal();
        var logarithms = Array.ConvertAll(gamma, Math.Log);
        return (
            [.. logarithms.Select((value, model) => Points(value - logarithms.Average(), variances[model], compared[model]))],
            [.. eta.Select((value, rater) => LogitInterval.Of(
                value, 1 / (1 / ofReliabilities[rater] + scaled.Row(rater) * covariance * scaled.Row(rater)), chosen[rater]))]);

        void AddSquare(Cell cell, double weight)
        {
            ofStrengths[cell.First, cell.First] += weight;
            ofStrengths[cell.Second, cell.Second] += weight;
            ofStrengths[cell.First, cell.Second] -= weight;
            ofStrengths[cell.Second, cell.First] -= weight;
        }
    }

    /// <summary>The derivative of ln(η σ(d) + (1 − η) σ(−d)) with respect to d.</summary>
    static double Slope(double chance, double eta) =>
        (2 * eta - 1) * chance * (1 - chance) / (eta * chance + (1 - eta) * (1 - chance));

    static Estimate Points(double strength, double variance, int count)
    {
        var (points, half) = (1000 + Leaderboard.Points * strength, Leaderboard.Points * Proportion.Deviations * Math.Sqrt(variance));
        return new(points, points - half, points + half, count);
    }
}
