using Attune.Data.Agreement;

namespace Attune.Data.Tests.Agreement;

public sealed class BinomialTests
{
    [Theory]
    [InlineData(5, 0.3)]
    [InlineData(1000, 0.001)]
    [InlineData(200, 0.9)]
    [InlineData(10_000, 0.4)]
    public void DrawsHaveTheMeanAndTheVarianceOfTheLaw(int trials, double chance)
    {
        var binomial = new Binomial(7);
        var drawn = Enumerable.Range(0, 20_000).Select(_ => (double)binomial.Next(trials, chance)).ToList();
        var (mean, variance) = (trials * chance, trials * chance * (1 - chance));
        Assert.Equal(mean, drawn.Average(), 5 * Math.Sqrt(variance / drawn.Count));
        Assert.InRange(drawn.Average(number => Math.Pow(number - mean, 2)) / variance, 0.94, 1.06);
        Assert.InRange(drawn.Min(), 0, trials);
        Assert.InRange(drawn.Max(), 0, trials);
    }

    [Fact]
    public void WhatIsCertainAlwaysHappens() =>
        Assert.Equal((0, 9, 0), (new Binomial(1).Next(9, 0), new Binomial(1).Next(9, 1), new Binomial(1).Next(0, 0.5)));
}
