namespace Attune.Data.Agreement;

/// <summary>How often each annotator agrees with the others.</summary>
public static class OthersAgreement
{
    /// <summary>
    /// For each annotator, the share of comparisons with one other annotator on one unit in which both chose the same. An annotator who
    /// shares no unit is absent.
    /// </summary>
    /// <param name="units">The units with their ratings.</param>
    /// <param name="seed">The seed of the bootstrap.</param>
    public static IReadOnlyDictionary<long, Estimate> ByRater(RatedUnits units, int seed = 1)
    {
        var agrees =
            from unit in units.Units
            from rating in unit
            from other in unit
            where rating.Rater != other.Rater
            select (rating.Rater, rating.Item, Agrees: rating.Value == other.Value ? 1 : 0);
        return agrees.GroupBy(pair => pair.Rater, pair => (pair.Item, pair.Agrees))
            .ToDictionary(rater => rater.Key, rater => new Resampling(rater, 2).Estimates(Share, "", seed)[0]);
    }

    static double[] Share(int[] counts) => [counts[1] / (double)(counts[0] + counts[1])];
}
