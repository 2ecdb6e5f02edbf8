namespace Attune.Reporting.Evaluation;

/// <summary>
/// What is gained by drawing n answers and keeping the one that a score likes best. Nakano et al. 2021, https://arxiv.org/abs/2112.09332
/// and Gao et al. 2022, https://arxiv.org/abs/2210.10760.
/// </summary>
public static class BestOfN
{
    /// <summary>How far the best of n is from the distribution that is drawn from: log n − (n − 1)/n nats, exact where no two scores are equal.</summary>
    public static double Kl(int n) => Math.Log(n) - (n - 1.0) / n;

    /// <summary>
    /// The expected value of the best of n answers, without bias, from N ≥ n of them: each stands for the share of sets of n in which it
    /// is the best, C(rank − 1, n − 1)/C(N, n). Among equals any may be taken.
    /// </summary>
    /// <param name="proxy">N scores that choose.</param>
    /// <param name="values">N numbers that are asked for: those scores, or others of the same answers.</param>
    /// <param name="n">At most N.</param>
    public static double Expected(IReadOnlyList<double> proxy, IReadOnlyList<double> values, int n)
    {
        if (n < 1 || n > proxy.Count || values.Count != proxy.Count)
            throw new ArgumentException($"as many values as scores, and n from 1 to their number, were expected, found {proxy.Count}, {values.Count} and {n}", nameof(n));
        var shares = Shares(proxy.Count, n);
        var (expected, rank) = (0.0, 0);
        foreach (var equals in Enumerable.Range(0, proxy.Count).GroupBy(at => proxy[at]).OrderBy(group => group.Key))
        {
            var count = equals.Count();
            expected += shares.AsSpan(rank, count).ToArray().Sum() * equals.Average(at => values[at]);
            rank += count;
        }
        return expected;
    }

    /// <summary>1, 2, 4 … up to the number of answers, and that number.</summary>
    public static IReadOnlyList<int> Sizes(int answers) =>
        [.. Enumerable.Range(0, 31).Select(power => 1 << power).Where(n => n < answers), answers];

    /// <summary>The share of sets of n in which the answer of each rank is the best, from the worst rank up; they add up to 1.</summary>
    static double[] Shares(int count, int n)
    {
        var shares = new double[count];
        shares[^1] = n / (double)count;
        for (var rank = count - 1; rank >= n; rank--)                        // C(rank − 1, n − 1) = C(rank, n − 1) (rank − n + 1)/rank
            shares[rank - 1] = shares[rank] * (rank - n + 1) / rank;
        return shares;
    }
}
