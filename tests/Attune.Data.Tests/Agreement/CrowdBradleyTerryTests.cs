using Attune.Data.Agreement;

namespace Attune.Data.Tests.Agreement;

public sealed class CrowdBradleyTerryTests
{
    static readonly double[] Strengths = [1.2, 0.4, -0.4, -1.2];

    /// <summary>Strengths that differ so much that the data determine the reliabilities too.</summary>
    static readonly double[] Clear = [2.5, 0.8, -0.8, -2.5];

    static readonly double[] Reliabilities = [0.98, 0.95, 0.9, 0.9, 0.8, 0.8, 0.7, 0.5, 0.5, 0.1];

    [Fact]
    public void Fit_SimulatedAnnotators_ReliabilitiesAndStrengthsAreInTheirIntervals()
    {
        var (raters, strengths) = (0, 0);
        for (var seed = 0; seed < 10; seed++)
        {
            var fit = CrowdBradleyTerry.Fit(Simulate(Clear, Reliabilities, 400, seed), Clear.Length);
            raters += fit.Raters.Count(rater => Holds(rater.Reliability, Reliabilities[rater.Rater]));
            strengths += fit.Strengths.Index().Count(model => Holds(model.Item, 1000 + Leaderboard.Points * Clear[model.Index]));
            Assert.True(fit.Raters.Single(rater => rater.Rater == 9).Reliability.High < 0.5);
        }
        Assert.InRange(raters, 86, 100);                         // of 100 intervals with 95 %
        Assert.InRange(strengths, 32, 40);                       // of 40
    }

    [Fact]
    public void Fit_ManyAnnotatorsChooseAtRandom_StrengthsAreNotFlattened()
    {
        double[] reliabilities = [0.97, 0.97, 0.97, .. Enumerable.Repeat(0.5, 7)];
        var comparisons = Simulate(Strengths, reliabilities, 400, seed: 3).ToList();
        var weighted = CrowdBradleyTerry.Fit(comparisons, Strengths.Length).Strengths;
        var counted = Leaderboard.Fit(comparisons, Strengths.Length, new()).Models.OrderBy(model => model.Model).ToList();
        var truth = Leaderboard.Points * (Strengths[0] - Strengths[3]);
        Assert.InRange((weighted[0].Value - weighted[3].Value)!.Value, 0.8 * truth, 1.25 * truth);
        Assert.InRange((counted[0].Strength.Value - counted[3].Strength.Value)!.Value, 0, 0.5 * truth);
    }

    [Fact]
    public void Fit_EveryoneIsReliable_IsTheBradleyTerryModel()
    {
        var comparisons = Simulate(Strengths, [1, 1, 1, 1], 500, seed: 4).ToList();
        var weighted = CrowdBradleyTerry.Fit(comparisons, Strengths.Length).Strengths;
        var counted = Leaderboard.Fit(comparisons, Strengths.Length, new()).Models;
        Assert.All(counted, model => Assert.Equal(model.Strength.Value!.Value, weighted[model.Model].Value!.Value, 20.0));
    }

    [Fact]
    public void Fit_OnlyTies_GivesEqualStrengths()
    {
        var fit = CrowdBradleyTerry.Fit(Enumerable.Range(0, 20).Select(i => new ModelComparison(i, 0, 1, Winner.Neither)), 2);
        Assert.All(fit.Strengths, strength => Assert.Equal(1000, strength.Value!.Value, 1e-6));
    }

    static bool Holds(Estimate estimate, double truth) => estimate.Low <= truth && truth <= estimate.High;

    static IEnumerable<ModelComparison> Simulate(double[] strengths, double[] reliabilities, int each, int seed)
    {
        var random = new Random(seed);
        for (var rater = 0; rater < reliabilities.Length; rater++)
            for (var i = 0; i < each; i++)
            {
                var first = random.Next(strengths.Length);
                var second = (first + 1 + random.Next(strengths.Length - 1)) % strengths.Length;
                var wins = random.NextDouble() < 1 / (1 + Math.Exp(strengths[second] - strengths[first]));
                if (random.NextDouble() >= reliabilities[rater])
                    wins = !wins;
                yield return new(rater * each + i, first, second, wins ? Winner.First : Winner.Second, Rater: rater);
            }
    }
}
