namespace Attune.Data.Agreement;

/// <summary>
/// The bootstrap over items: a round draws as many items as there are, with replacement, and counts the cells that they hold. What is said
/// of one item hangs together, so items are drawn and not votes. Efron 1979, https://doi.org/10.1214/aos/1176344552
/// </summary>
sealed class Resampling
{
    const int MostRounds = 1000;
    const int FewestRounds = 200;
    const int Draws = 20_000_000;

    readonly int[] cells;                                        // of all items, one item behind the other
    readonly int[] starts;                                       // (Items + 1)
    readonly int kinds;

    /// <param name="held">The cells that items hold, an item as often as it holds one.</param>
    /// <param name="kinds">How many different cells there are.</param>
    public Resampling(IEnumerable<(long Item, int Cell)> held, int kinds)
    {
        var items = held.GroupBy(pair => pair.Item, pair => pair.Cell).Select(item => item.ToArray()).ToArray();
        cells = [.. items.SelectMany(item => item)];
        starts = new int[items.Length + 1];
        for (var item = 0; item < items.Length; item++)
            starts[item + 1] = starts[item] + items[item].Length;
        this.kinds = kinds;
    }

    public int Items => starts.Length - 1;

    /// <summary>1000, and fewer for more than 20 000 items, whose intervals are narrow.</summary>
    public int Rounds => Math.Clamp(Draws / Math.Max(1, Items), FewestRounds, MostRounds);

    /// <summary>How often each cell is held.</summary>
    public int[] Whole()
    {
        var counts = new int[kinds];
        foreach (var cell in cells)
            counts[cell]++;
        return counts;
    }

    /// <summary>Figures of the whole, each with the interval from 2.5 to 97.5 % of what rounds give, where they give a value.</summary>
    /// <param name="figures">From counts of cells; NaN where a figure is undefined.</param>
    /// <param name="undefined">Why that would be.</param>
    /// <param name="seed">Of the draws.</param>
    public IReadOnlyList<Estimate> Estimates(Func<int[], double[]> figures, string undefined, int seed)
    {
        var rounds = Enumerable.Range(0, Rounds).Select(round => figures(Round(SplitMix.Next(seed, round)))).ToList();
        return [.. figures(Whole()).Select((value, i) => double.IsNaN(value)
            ? new Estimate(null, null, null, Items, Items == 0 ? "no item was decided by two people" : undefined)
            : Interval(value, [.. rounds.Select(round => round[i]).Where(drawn => !double.IsNaN(drawn))]))];
    }

    Estimate Interval(double value, double[] drawn)
    {
        if (Items < 2 || drawn.Length < Rounds / 2)
            return new(value, null, null, Items);
        Array.Sort(drawn);
        return new(value, Quantile.OfSorted(drawn, 0.025), Quantile.OfSorted(drawn, 0.975), Items);
    }

    int[] Round(int seed)
    {
        var counts = new int[kinds];
        for (var draw = 0; draw < Items; draw++)
        {
            var item = (int)((uint)SplitMix.Next(seed, draw) * (ulong)Items >> 32);
            for (var at = starts[item]; at < starts[item + 1]; at++)
                counts[cells[at]]++;
        }
        return counts;
    }
}
