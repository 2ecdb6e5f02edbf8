using System.Runtime.InteropServices;

namespace Attune.Data.Agreement;

/// <summary>The agreement of two annotators on the units that both decided.</summary>
/// <param name="First">The annotator with the smaller number.</param>
/// <param name="Second">The other annotator.</param>
/// <param name="Raw">The share of units on which they agree.</param>
/// <param name="Kappa">Raw agreement corrected for chance, where each annotator draws from their own distribution of categories.</param>
public sealed record CohenKappa(long First, long Second, Estimate Raw, Estimate Kappa)
{
    /// <summary>Cohen's kappa of every two annotators who share a unit. Cohen 1960, https://doi.org/10.1177/001316446002000104</summary>
    /// <remarks>
    /// The intervals are those of the jackknife: a bootstrap of hundreds of pairs takes seconds.
    /// </remarks>
    /// <param name="units">The units with their ratings.</param>
    public static IReadOnlyList<CohenKappa> ForPairs(RatedUnits units)
    {
        var index = units.Values.Index().ToDictionary(value => value.Item, value => value.Index);
        var shared = new Dictionary<(long First, long Second), List<(long Item, int Cell)>>();
        for (var unit = 0; unit < units.Count; unit++)
            foreach (var first in units[unit])
                foreach (var second in units[unit])
                    if (first.Rater < second.Rater)
                        Cells((first.Rater, second.Rater)).Add(
                            (first.Item, index[first.Value] * index.Count + index[second.Value]));
        return [.. shared.OrderBy(pair => pair.Key).Select(Pair)];

        List<(long Item, int Cell)> Cells((long First, long Second) pair) =>
            CollectionsMarshal.GetValueRefOrAddDefault(shared, pair, out _) ??= [];

        CohenKappa Pair(KeyValuePair<(long First, long Second), List<(long Item, int Cell)>> pair)
        {
            var estimates = new Resampling(pair.Value, index.Count * index.Count)
                .Jackknife(table => Figures(table, index.Count), GroupAgreement.OneValue);
            return new(pair.Key.First, pair.Key.Second, Within(estimates[0], 0), Within(estimates[1], -1));
        }
    }

    static Estimate Within(Estimate estimate, double least) =>
        estimate is { Low: { } low, High: { } high } ? estimate with { Low = Math.Max(least, low), High = Math.Min(1, high) } : estimate;

    /// <param name="table">(K, K): how often the first annotator chose the row's category and the second the column's.</param>
    /// <param name="categories">How many categories there are, K.</param>
    static double[] Figures(int[] table, int categories)
    {
        double all = table.Sum();
        var (agreeing, chance) = (0.0, 0.0);
        for (var category = 0; category < categories; category++)
        {
            var (row, column) = (0.0, 0.0);
            for (var other = 0; other < categories; other++)
            {
                row += table[category * categories + other];
                column += table[other * categories + category];
            }
            agreeing += table[category * categories + category] / all;
            chance += row * column / (all * all);
        }
        return [agreeing, Tally.Corrected(agreeing, chance)];
    }
}
