namespace Attune.Data.Agreement;

/// <summary>
/// Sums over units, and the agreement coefficients computed from them. A unit is given by the number of annotators who chose each category,
/// two annotators or more.
/// </summary>
/// <param name="categories">How many categories occur, K.</param>
sealed class Tally(int categories)
{
    readonly double[,] coincidences = new double[categories, categories];
    readonly double[,] agreements = new double[categories, categories];     // like coincidences, where every unit has the same weight
    readonly double[] shares = new double[categories];
    double units;

    /// <summary>The share of pairs of annotators who agree; every unit has the same weight.</summary>
    public double Raw => Enumerable.Range(0, categories).Sum(c => agreements[c, c]) / units;

    /// <summary>
    /// (P − Pₑ) / (1 − Pₑ) with Pₑ = Σ π². Fleiss 1971, https://doi.org/10.1037/h0031619; where units have different numbers of annotators,
    /// π is the mean share of a category, Gwet 2014, Handbook of Inter-Rater Reliability, chapter 2.
    /// </summary>
    public double FleissKappa => Corrected(Raw, shares.Sum(share => share * share) / (units * units));

    /// <summary>
    /// Pₑ = Σ π (1 − π) / (K − 1), which is small where one category prevails. Gwet 2008, https://doi.org/10.1348/000711006X126600
    /// </summary>
    /// <param name="choices">How many categories annotators can choose from, K.</param>
    public double GwetAc1(int choices) =>
        Corrected(Raw, shares.Sum(share => share / units * (1 - share / units)) / (Math.Max(choices, 2) - 1));

    /// <summary>
    /// The prevalence-adjusted bias-adjusted kappa: Pₑ = 1 / K. Byrt, Bishop and Carlin 1993, https://doi.org/10.1016/0895-4356(93)90018-V,
    /// for K = 2; Brennan and Prediger 1981, https://doi.org/10.1177/001316448104100307, for any K.
    /// </summary>
    /// <param name="choices">How many categories annotators can choose from, K.</param>
    public double Pabak(int choices) => Corrected(Raw, 1.0 / Math.Max(choices, 2));

    /// <summary>
    /// AC1 with quadratic weights w = 1 − d² / D², where d is the difference of two levels and D the largest one: P = Σ w p and
    /// Pₑ = Σ w Σ π (1 − π) / (K (K − 1)). Gwet 2014, Handbook of Inter-Rater Reliability, chapter 3.
    /// </summary>
    /// <param name="levels">The levels of the categories, (K).</param>
    public double GwetAc2(IReadOnlyList<int> levels)
    {
        if (categories == 0)
            return double.NaN;
        var range = Math.Max(1, levels.Max() - levels.Min());
        var (agreeing, weights) = (0.0, 0.0);
        for (var c = 0; c < categories; c++)
            for (var k = 0; k < categories; k++)
            {
                var weight = 1 - Math.Pow((double)(levels[c] - levels[k]) / range, 2);
                agreeing += weight * agreements[c, k];
                weights += weight;
            }
        var spread = shares.Sum(share => share / units * (1 - share / units));
        return Corrected(agreeing / units, weights * spread / (categories * Math.Max(categories - 1, 1)));
    }

    /// <summary>1 − Dₒ / Dₑ. Krippendorff 2011, Computing Alpha-Reliability, https://repository.upenn.edu/asc_papers/43</summary>
    /// <param name="ordinal">Whether categories are ordered levels, so that neighbouring ones differ less.</param>
    public double Alpha(bool ordinal)
    {
        var counts = Enumerable.Range(0, categories).Select(c => Enumerable.Range(0, categories).Sum(k => coincidences[c, k])).ToArray();
        var (observed, expected) = (0.0, 0.0);
        for (var c = 0; c < categories; c++)
        {
            var between = -counts[c] / 2;                         // Σ n_g from g = c to k, less half of n_c
            for (var k = c; k < categories; k++)
            {
                between += counts[k];
                var difference = k == c ? 0 : ordinal ? Math.Pow(between - counts[k] / 2, 2) : 1;
                observed += coincidences[c, k] * difference;
                expected += counts[c] * counts[k] * difference;
            }
        }
        return 1 - observed * (counts.Sum() - 1) / expected;
    }

    /// <param name="people">How many annotators chose each category, (K).</param>
    /// <param name="times">How many units have these counts.</param>
    public void Add(int[] people, int times)
    {
        var all = people.Sum();
        units += times;
        for (var c = 0; c < categories; c++)
        {
            shares[c] += (double)times * people[c] / all;
            for (var k = 0; k < categories; k++)
            {
                var pairs = (double)times * people[c] * (people[k] - (k == c ? 1 : 0)) / (all - 1);
                coincidences[c, k] += pairs;
                agreements[c, k] += pairs / all;
            }
        }
    }

    internal static double Corrected(double observed, double chance) => (observed - chance) / (1 - chance);
}
