namespace Attune.Data.Agreement;

/// <summary>How far a group of people agrees: 1 is full agreement, and but for Raw 0 is what chance would give.</summary>
/// <param name="Raw">The share of pairs of people that agree on a unit; not corrected for chance.</param>
/// <param name="FleissKappa">Chance is that people draw from the one distribution of all.</param>
/// <param name="AlphaNominal">Krippendorff's, with categories that are alike or not: Fleiss' kappa with a correction for few units.</param>
/// <param name="AlphaOrdinal">Krippendorff's, with levels: a near miss counts as one.</param>
/// <param name="GwetAc1">Chance does not grow where one category prevails, which makes the others small.</param>
public sealed record GroupAgreement(Estimate Raw, Estimate FleissKappa, Estimate AlphaNominal, Estimate AlphaOrdinal, Estimate GwetAc1)
{
    internal const string OneValue = "all decisions are the same, so chance alone would explain them";

    /// <param name="units">What people decided.</param>
    /// <param name="choices">How many categories they could choose from; null for as many as occur.</param>
    /// <param name="seed">Of the bootstrap.</param>
    public static GroupAgreement Compute(RatedUnits units, int? choices = null, int seed = 1)
    {
        var index = units.Values.Index().ToDictionary(value => value.Item, value => value.Index);
        var patterns = new Dictionary<string, int>(StringComparer.Ordinal);
        var people = new List<int[]>();
        var held = units.Units.Select(unit => (unit[0].Item, Pattern(unit))).ToList();
        var estimates = new Resampling(held, people.Count).Estimates(Figures, OneValue, seed);
        return new(estimates[0], estimates[1], estimates[2], estimates[3], estimates[4]);

        int Pattern(IReadOnlyList<Rating> unit)
        {
            var values = unit.Select(rating => index[rating.Value]).Order().ToList();
            var key = string.Join(' ', values);
            if (!patterns.TryGetValue(key, out var pattern))
            {
                patterns.Add(key, pattern = people.Count);
                people.Add([.. Enumerable.Range(0, index.Count).Select(category => values.Count(value => value == category))]);
            }
            return pattern;
        }

        double[] Figures(int[] counts)
        {
            var tally = new Tally(index.Count);
            for (var pattern = 0; pattern < counts.Length; pattern++)
                if (counts[pattern] > 0)
                    tally.Add(people[pattern], counts[pattern]);
            var ac1 = tally.GwetAc1(choices ?? index.Count);
            return [tally.Raw, tally.FleissKappa, tally.Alpha(ordinal: false), tally.Alpha(ordinal: true), ac1];
        }
    }
}
