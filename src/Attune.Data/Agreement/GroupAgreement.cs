namespace Attune.Data.Agreement;

/// <summary>Agreement of all annotators. 1 is full agreement; for every coefficient but Raw, 0 is agreement by chance.</summary>
/// <param name="Raw">The share of pairs of annotators who agree on a unit; not corrected for chance.</param>
/// <param name="FleissKappa">Chance: every annotator draws from the common distribution of categories.</param>
/// <param name="AlphaNominal">Krippendorff's alpha for nominal categories: Fleiss' kappa with a correction for few units.</param>
/// <param name="AlphaOrdinal">Krippendorff's alpha for ordered levels: neighbouring levels count as near misses.</param>
/// <param name="GwetAc1">Gwet's AC1, whose chance agreement stays small where one category prevails and kappa falls.</param>
/// <param name="GwetAc2">Gwet's AC2 for ordered levels: AC1 where near misses count in part.</param>
/// <param name="Pabak">Prevalence-adjusted bias-adjusted kappa. Chance: every category is as likely as the others.</param>
public sealed record GroupAgreement(
    Estimate Raw, Estimate FleissKappa, Estimate AlphaNominal, Estimate AlphaOrdinal, Estimate GwetAc1, Estimate GwetAc2, Estimate Pabak)
{
    internal const string OneValue = "all decisions are the same, so chance alone would explain them";

    /// <param name="units">The units with their ratings.</param>
    /// <param name="choices">How many categories annotators can choose from; null to use those that occur.</param>
    /// <param name="levels">The levels of a scale, for <see cref="GwetAc2"/>; null to use those that occur.</param>
    /// <param name="seed">The seed of the bootstrap.</param>
    public static GroupAgreement Compute(RatedUnits units, int? choices = null, IEnumerable<int>? levels = null, int seed = 1)
    {
        int[] values = [.. units.Values.Union(levels ?? []).Order()];
        var index = values.Index().ToDictionary(value => value.Item, value => value.Index);
        var patterns = new ListNumbers();
        var people = new List<int[]>();                          // (K) for each pattern: how many annotators chose a category
        var held = new (long Item, int Pattern)[units.Count];
        for (var unit = 0; unit < held.Length; unit++)
            held[unit] = (units[unit][0].Item, Pattern(units[unit]));
        var estimates = new Resampling(held, people.Count).Estimates(Figures, OneValue, seed);
        return new(estimates[0], estimates[1], estimates[2], estimates[3], estimates[4], estimates[5], estimates[6]);

        int Pattern(ReadOnlySpan<Rating> unit)
        {
            var categories = new int[unit.Length];
            for (var i = 0; i < unit.Length; i++)
                categories[i] = index[unit[i].Value];
            Array.Sort(categories);
            var pattern = patterns.Of(categories);
            if (pattern == people.Count)
                people.Add([.. Enumerable.Range(0, index.Count).Select(category => categories.Count(value => value == category))]);
            return pattern;
        }

        double[] Figures(int[] counts)
        {
            var tally = new Tally(index.Count);
            for (var pattern = 0; pattern < counts.Length; pattern++)
                if (counts[pattern] > 0)
                    tally.Add(people[pattern], counts[pattern]);
            var choose = choices ?? units.Values.Count;
            return [tally.Raw, tally.FleissKappa, tally.Alpha(ordinal: false), tally.Alpha(ordinal: true), tally.GwetAc1(choose),
                tally.GwetAc2(values), tally.Pabak(choose)];
        }
    }
}
