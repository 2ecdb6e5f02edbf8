using System.Runtime.InteropServices;

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
        var agrees = new Dictionary<long, List<(long Item, int Agrees)>>();
        for (var unit = 0; unit < units.Count; unit++)
            foreach (var rating in units[unit])
                foreach (var other in units[unit])
                    if (rating.Rater != other.Rater)
                        (CollectionsMarshal.GetValueRefOrAddDefault(agrees, rating.Rater, out _) ??= [])
                            .Add((rating.Item, rating.Value == other.Value ? 1 : 0));
        return agrees.ToDictionary(rater => rater.Key, rater => new Resampling(rater.Value, 2).Estimates(Share, "", seed)[0]);
    }

    static double[] Share(int[] counts) => [counts[1] / (double)(counts[0] + counts[1])];
}
