namespace Attune.Reporting.Evaluation;

/// <summary>
/// The gain of sampling n responses and keeping the one with the highest score. Nakano et al. 2021, https://arxiv.org/abs/2112.09332
/// and Gao et al. 2022, https://arxiv.org/abs/2210.10760.
/// </summary>
public static class BestOfN
{
    /// <summary>
    /// The KL of the best of n from the distribution that is sampled from: log n − (n − 1)/n nats, exact where no two scores are equal.
    /// </summary>
    public static double Kl(int n) => Math.Log(n) - (n - 1.0) / n;

    /// <summary>
    /// An unbiased estimate of the expected value of the best of n responses from N ≥ n of them: each has the weight of the sets of n in
    /// which
    /// it is the best, C(rank − 1, n − 1)/C(N, n). Responses with equal scores share their weights.
    /// </summary>
    /// <param name="proxy">N scores that the best is chosen by.</param>
    /// <param name="values">N values to average: these scores, or others of the same responses.</param>
    /// <param name="n">The size of the sets, at most N.</param>
    public static double Expected(IReadOnlyList<double> proxy, IReadOnlyList<double> values, int n)
    {
        if (n < 1 || n > proxy.Count || values.Count != proxy.Count)
            throw new ArgumentException(
                $"there must be as many values as scores (were {values.Count} and {proxy.Count}), and n must be from 1 to their number "
                    + $"(was {n})",
                nameof(n));
        var shares = Shares(proxy.Count, n);
        var (expected, rank) = (0.0, 0);
        foreach (var equals in Enumerable.Range(0, proxy.Count).GroupBy(i => proxy[i]).OrderBy(group => group.Key))
        {
            var count = equals.Count();
            expected += shares.AsSpan(rank, count).ToArray().Sum() * equals.Average(i => values[i]);
            rank += count;
        }
        return expected;
    }

    /// <summary>The powers of two below the number of responses, and that number.</summary>
    public static IReadOnlyList<int> Sizes(int answers) =>
        [.. Enumerable.Range(0, 31).Select(power => 1 << power).Where(n => n < answers), answers];

    /// <summary>The share of sets of n in which the response of each rank is the best, from the worst rank up; they add up to 1.</summary>
    static double[] Shares(int count, int n)
    {
        var shares = new double[count];
        shares[^1] = n / (double)count;
        for (var rank = count - 1; rank >= n; rank--)                        // C(rank − 1, n − 1) = C(rank, n − 1) (rank − n + 1)/rank
            shares[rank - 1] = shares[rank] * (rank - n + 1) / rank;
        return shares;
    }
}
