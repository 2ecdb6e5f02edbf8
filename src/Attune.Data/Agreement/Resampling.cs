using System.Runtime.InteropServices;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.Statistics;

namespace Attune.Data.Agreement;

/// <summary>
/// The bootstrap over items: each round draws as many items as there are, with replacement, and counts their cells. Annotations of one item
/// are not independent, so it draws items and not votes. Efron 1979, https://doi.org/10.1214/aos/1176344552. Items with the same cells are
/// drawn together, by a binomial number, so the cost of a round depends on the number of different items.
/// </summary>
sealed class Resampling
{
    public const int UsualRounds = 1000;

    readonly List<int[]> contents = [];                          // the cells of each different item
    readonly List<int> times = [];                               // how many items have these cells
    readonly int kinds;

    /// <param name="held">
    /// The cells of the items: for each cell, its items, where an item is repeated as often as it has the cell. Fastest if the cells of an
    /// item follow each other.
    /// </param>
    /// <param name="kinds">How many different cells there are.</param>
    public Resampling(IEnumerable<(long Item, int Cell)> held, int kinds)
    {
        this.kinds = kinds;
        var known = new ListNumbers();
        var cells = new List<int>();
        var item = 0L;
        foreach (var (next, cell) in ByItem([.. held]))
        {
            if (next != item)
                AddItem();
            item = next;
            cells.Add(cell);
        }
        AddItem();

        void AddItem()
        {
            if (cells.Count == 0)
                return;
            cells.Sort();
            var content = known.Of(CollectionsMarshal.AsSpan(cells));
            if (content == contents.Count)
            {
                contents.Add([.. cells]);
                times.Add(0);
            }
            times[content]++;
            Items++;
            cells.Clear();
        }
    }

    static IEnumerable<(long Item, int Cell)> ByItem((long Item, int Cell)[] held)
    {
        for (var i = 1; i < held.Length; i++)
            if (held[i].Item < held[i - 1].Item)
                return held.OrderBy(cell => cell.Item);
        return held;
    }

    public int Items { get; private set; }

    /// <summary>How many times each cell occurs.</summary>
    public int[] Whole() => Counts((content, _, _) => times[content]);

    /// <summary>Statistics of all items, each with the interval from 2.5 to 97.5 % of the rounds in which it is defined.</summary>
    /// <param name="figures">Computes the statistics from the counts of cells, on several threads; NaN where one is undefined.</param>
    /// <param name="undefined">The reason to report where one is undefined.</param>
    /// <param name="seed">The seed of the draws.</param>
    /// <param name="rounds">How many rounds.</param>
    public IReadOnlyList<Estimate> Estimates(Func<int[], double[]> figures, string undefined, int seed, int rounds = UsualRounds)
    {
        var drawn = new double[rounds][];
        Parallel.For(0, rounds, round => drawn[round] = figures(Round(SplitMix.Next(seed, round))));
        return [.. figures(Whole()).Select((value, i) => double.IsNaN(value)
            ? new Estimate(null, null, null, Items, Items == 0 ? "no item has two decisions" : undefined)
            : Interval(value, [.. drawn.Select(round => round[i]).Where(figure => !double.IsNaN(figure))], rounds))];
    }

    /// <summary>
    /// Statistics of all items with 95 % intervals of the jackknife, which leaves out one item at a time, so that one set of statistics is
    /// computed for each different item and not for each of many rounds. Efron and Stein 1981, https://doi.org/10.1214/aos/1176345462
    /// </summary>
    /// <param name="figures">Computes the statistics from the counts of cells; NaN where one is undefined.</param>
    /// <param name="undefined">The reason to report where one is undefined.</param>
    public IReadOnlyList<Estimate> Jackknife(Func<int[], double[]> figures, string undefined)
    {
        var whole = Whole();
        var without = contents.ConvertAll(content => figures(Without(whole, content)));
        return [.. figures(whole).Select((value, i) => double.IsNaN(value)
            ? new Estimate(null, null, null, Items, Items == 0 ? "no item has two decisions" : undefined)
            : Interval(value, without.ConvertAll(figure => figure[i])))];
    }

    Estimate Interval(double value, List<double> without)
    {
        if (Items < 2 || without.Exists(double.IsNaN))
            return new(value, null, null, Items);
        var mean = without.Zip(times, (figure, count) => figure * count).Sum() / Items;
        var squares = without.Zip(times, (figure, count) => count * (figure - mean) * (figure - mean)).Sum();
        var half = StudentT.InvCDF(0, 1, Items - 1, 0.975) * Math.Sqrt(squares * (Items - 1) / Items);
        return new(value, value - half, value + half, Items);
    }

    static int[] Without(int[] whole, int[] content)
    {
        var counts = (int[])whole.Clone();
        foreach (var cell in content)
            counts[cell]--;
        return counts;
    }

    Estimate Interval(double value, double[] drawn, int rounds)
    {
        if (Items < 2 || drawn.Length < rounds / 2)
            return new(value, null, null, Items);
        Array.Sort(drawn);
        return new(value, Quantile(0.025), Quantile(0.975), Items);

        double Quantile(double share) => SortedArrayStatistics.QuantileCustom(drawn, share, QuantileDefinition.R7);
    }

    int[] Round(int seed)
    {
        var random = new Binomial(seed);
        return Counts((content, draws, items) => random.Next(draws, (double)times[content] / items));
    }

    /// <param name="draw">Draws how many items have some content, given how many draws and how many items are left.</param>
    int[] Counts(Func<int, int, int, int> draw)
    {
        var counts = new int[kinds];
        var (draws, items) = (Items, Items);
        for (var content = 0; content < contents.Count; content++)
        {
            var drawn = draw(content, draws, items);
            foreach (var cell in contents[content])
                counts[cell] += drawn;
            draws -= drawn;
            items -= times[content];
        }
        return counts;
    }
}
