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

    /// <summary>
    /// For each item and annotator, the share of comparisons with one other annotator on one part of the item in which both chose the same.
    /// An annotator who is alone on an item is absent.
    /// </summary>
    public static IReadOnlyDictionary<(long Item, long Rater), double> ByItem(RatedUnits units)
    {
        var counts = new Dictionary<(long Item, long Rater), (int Equal, int Total)>();
        for (var unit = 0; unit < units.Count; unit++)
            foreach (var rating in units[unit])
                foreach (var other in units[unit])
                    if (rating.Rater != other.Rater)
                    {
                        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(counts, (rating.Item, rating.Rater), out _);
                        count = (count.Equal + (rating.Value == other.Value ? 1 : 0), count.Total + 1);
                    }
        return counts.ToDictionary(count => count.Key, count => (double)count.Value.Equal / count.Value.Total);
    }

    static double[] Share(int[] counts) => [counts[1] / (double)(counts[0] + counts[1])];
}
