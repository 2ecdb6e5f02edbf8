using Attune.Reporting.Evaluation;
using Attune.Reporting.Pages;
using Attune.Testing;

namespace Attune.Reporting.Tests;

public sealed class BestOfNTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0.1931471805599453)]                          // log 2 − 1/2
    [InlineData(4, 0.6362943611198906)]                          // log 4 − 3/4
    [InlineData(1000, 5.908755278982137)]                        // log 1000 − 999/1000
    public void DistanceFollowsFromNAlone(int n, double nats) => Assert.Equal(nats, BestOfN.Kl(n), 12);

    [Fact]
    public void TheExpectedBestIsTheMeanOverAllSetsOfN()
    {
        double[] proxy = [0.3, -1, 2, 0.5, 1.1], gold = [4, 1, 2, 8, 3];
        for (var n = 1; n <= 5; n++)
            Assert.Equal(Sets(5, n).Average(set => gold[set.MaxBy(at => proxy[at])]), BestOfN.Expected(proxy, gold, n), 12);
    }

    [Fact]
    public void ByHand()
    {
        double[] proxy = [1, 2, 3], gold = [10, 30, 20];
        Assert.Equal(20, BestOfN.Expected(proxy, gold, 1), 12);
        Assert.Equal((30 + 20 + 20) / 3.0, BestOfN.Expected(proxy, gold, 2), 12);    // the sets 12, 13, 23
        Assert.Equal(20, BestOfN.Expected(proxy, gold, 3), 12);
    }

    [Fact]
    public void AmongEqualsAnyMayBeTaken()
    {
        double[] proxy = [1, 1, 0], gold = [10, 20, 99];
        Assert.Equal(15, BestOfN.Expected(proxy, gold, 3), 12);
        // 15 for the set of the two equals, 10 and 20 for the others
        Assert.Equal(15, BestOfN.Expected(proxy, gold, 2), 12);
        Numeric.Close(129 / 3.0, BestOfN.Expected(proxy, gold, 1), "mean", 1e-12);
    }

    [Fact]
    public void SharesOfManyAnswersDoNotOverflow()
    {
        var ranks = Enumerable.Range(1, 5000).Select(rank => (double)rank).ToArray();
        // the mean of the maximum of n ranks: n (N + 1)/(n + 1)
        Assert.Equal(5001 * 1000 / 1001.0, BestOfN.Expected(ranks, ranks, 1000), 6);
    }

    [Fact]
    public void SizesDoubleUpToAllAnswers()
    {
        Assert.Equal([1, 2, 4, 6], BestOfN.Sizes(6));
        Assert.Equal([1, 2, 4, 8], BestOfN.Sizes(8));
        Assert.Equal([1], BestOfN.Sizes(1));
    }

    static IEnumerable<int[]> Sets(int count, int n) => Enumerable.Range(0, 1 << count)
        .Select(bits => Enumerable.Range(0, count).Where(at => (bits >> at & 1) == 1).ToArray()).Where(set => set.Length == n);
}
