using Attune.Data.Agreement;

namespace Attune.Data.Tests.Agreement;

public sealed class DawidSkeneTests
{
    [Fact]
    public void Fit_SimulatedAnnotators_AbilitiesAreInTheirIntervals()
    {
        double[] abilities = [0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.6, 0.5, 0.9, 0.8];
        var held = 0;
        for (var seed = 0; seed < 10; seed++)
        {
            var model = DawidSkene.Fit(new(Simulate(abilities, items: 600, votes: 4, seed)));
            foreach (var (ability, estimate) in abilities.Zip(model.Abilities()))
            {
                Assert.Equal(ability, estimate.Accuracy.Value!.Value, 0.12);
                held += estimate.Accuracy.Low <= ability && ability <= estimate.Accuracy.High ? 1 : 0;
            }
        }
        Assert.InRange(held, 88, 100);                           // of 100 intervals with 95 %
    }

    [Fact]
    public void Fit_OneAnnotatorKnowsBetter_ThePosteriorFollowsThem()
    {
        // Three coins and two annotators who are right nineteen times in twenty: the majority of five is right less often.
        double[] abilities = [0.95, 0.95, 0.5, 0.5, 0.5];
        var units = new RatedUnits(Simulate(abilities, items: 1000, votes: 5, seed: 1));
        var model = DawidSkene.Fit(units);
        var (weighted, majority) = (0, 0);
        for (var unit = 0; unit < units.Count; unit++)
        {
            var truth = Truth(units[unit][0].Item);
            weighted += model.Posterior(unit)[truth] > 0.5 ? 1 : 0;
            majority += units[unit].ToArray().Count(rating => rating.Value == truth) >= 3 ? 1 : 0;
        }
        Assert.InRange(weighted, 950, 1000);
        Assert.InRange(majority, 0, 900);
    }

    [Fact]
    public void Fit_AnnotatorMixesUpTwoCategories_TheMatrixShowsIt()
    {
        // Annotator 0 says 1 where 2 is true, always; six others are right nine times in ten.
        var random = new Random(1);
        var ratings =
            from item in Enumerable.Range(0, 900)
            from rater in Enumerable.Range(0, 7)
            let truth = item % 3
            select new Rating(item, 0, rater, rater == 0 ? Math.Min(truth, 1) : random.NextDouble() < 0.9 ? truth : random.Next(3));
        var model = DawidSkene.Fit(new(ratings));
        var confusion = model.Abilities()[0].Confusion;
        Assert.Equal(1, confusion[2, 1], 0.02);
        Assert.Equal(1, confusion[0, 0], 0.02);
        Assert.Equal(2 / 3.0, model.Abilities()[0].Accuracy.Value!.Value, 0.02);
    }

    [Fact]
    public void Posterior_OfRatings_IsBayesRuleOverTheMatrices()
    {
        var model = DawidSkene.Fit(new(Simulate([0.9, 0.8, 0.7], items: 400, votes: 3, seed: 2)));
        var matrices = model.Abilities().Select(ability => ability.Confusion).ToList();
        // P(0 | annotator 0 says 0, annotator 2 says 1) by hand from the estimates.
        var zero = model.Shares[0] * matrices[0][0, 0] * matrices[2][0, 1];
        var one = model.Shares[1] * matrices[0][1, 0] * matrices[2][1, 1];
        Assert.Equal(zero / (zero + one), model.Posterior([(0, 0), (2, 1)])[0], 1e-9);
        var unknown = model.Posterior([(99, 0)])[0];             // an annotator without a shared unit counts like everyone
        Assert.InRange(unknown, model.Shares[0], 1);
    }

    [Fact]
    public void Fit_NoUnits_HasNoAnnotators()
    {
        var model = DawidSkene.Fit(new([new(1, 0, 7, 0)]));
        Assert.Empty(model.Raters);
        Assert.Empty(model.Abilities());
    }

    static int Truth(long item) => (int)(item % 2);

    /// <summary>Each item is rated by some of the annotators, each of whom is right with their own probability.</summary>
    static IEnumerable<Rating> Simulate(double[] abilities, int items, int votes, int seed)
    {
        var random = new Random(seed);
        for (var item = 0; item < items; item++)
        {
            var raters = Enumerable.Range(0, abilities.Length).ToArray();
            random.Shuffle(raters);
            foreach (var rater in raters.Take(votes))
                yield return new(item, 0, rater, random.NextDouble() < abilities[rater] ? Truth(item) : 1 - Truth(item));
        }
    }
}
