using Attune.Torch;

namespace Attune.Generation.Tests;

public sealed class RowDrawsTests
{
    [Fact]
    public void Next_KnownSeed_GivesTheNumbersOfSplitMix64()
    {
        using var scope = TensorScope.Open();
        using var draws = new RowDraws(new(DeviceType.Cpu), [1234567]);
        ulong[] published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821];
        foreach (var number in published)
            Assert.Equal((number >> 11) / (double)(1UL << 53), draws.Next().Item());
    }

    [Fact]
    public void SelectAndAdd_BetweenNumbers_EachRowContinuesItsSequence()
    {
        using var scope = TensorScope.Open();
        double[][] alone = [.. new ulong[] { 1, 2, 3 }.Select(seed => Take(seed, 80))];
        using var draws = new RowDraws(new(DeviceType.Cpu), [1, 2]);
        for (var at = 0; at < 40; at++)
            Assert.Equal([alone[0][at], alone[1][at]], draws.Next().ToArray<double>());
        draws.Select([1]);
        draws.Add([3]);
        for (var at = 0; at < 40; at++)
            Assert.Equal([alone[1][40 + at], alone[2][at]], draws.Next().ToArray<double>());
    }

    [Fact]
    public void SeedOf_RowsAndCalls_AreIndependent()
    {
        using var scope = TensorScope.Open();
        ulong[] seeds = [.. Enumerable.Range(0, 10_000).Select(at => RowDraws.SeedOf((ulong)at / 100, at % 100))];
        Assert.Distinct(seeds);
        using var draws = new RowDraws(new(DeviceType.Cpu), seeds);
        for (var at = 0; at < 3; at++)
        {
            var numbers = draws.Next().ToArray<double>();
            Assert.InRange(numbers.Average(), 0.49, 0.51);
            for (var tenth = 0; tenth < 10; tenth++)
                Assert.InRange(numbers.Count(number => (int)(number * 10) == tenth), 880, 1120);
            var mean = numbers.Average();
            var neighbours = numbers.Zip(numbers.Skip(1), (a, b) => (a - mean) * (b - mean)).Average() * 12;
            Assert.InRange(neighbours, -0.05, 0.05);
        }
    }

    static double[] Take(ulong seed, int count)
    {
        using var draws = new RowDraws(new(DeviceType.Cpu), [seed]);
        return [.. Enumerable.Range(0, count).Select(_ => draws.Next().Item())];
    }
}
