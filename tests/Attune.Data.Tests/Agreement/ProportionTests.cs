using Attune.Data.Agreement;

namespace Attune.Data.Tests.Agreement;

/// <summary>Shares with their intervals, and quantiles.</summary>
public sealed class ProportionTests
{
    [Fact]
    public void TheIntervalIsWilsons()
    {
        // By hand for 8 of 10: (0.8 + 0.19207) / 1.38415 ± 1.96 √(0.016 + 0.0096036) / 1.38415
        var share = new Proportion(8, 10);
        Assert.Equal(0.8, share.Share);
        Assert.Equal(0.4902, share.Low, 0.0001);
        Assert.Equal(0.9433, share.High, 0.0001);
    }

    [Theory]
    [InlineData(8, 10, false)]
    [InlineData(80, 100, true)]
    [InlineData(30, 100, true)]
    [InlineData(0, 0, false)]
    public void AShareIsUnevenWhereChanceWouldNotMakeItSo(int count, int of, bool uneven) =>
        Assert.Equal(uneven, new Proportion(count, of).IsUneven);

    [Fact]
    public void AShareOfNothingIsNull() => Assert.Null(new Proportion(0, 0).Share);

    [Fact]
    public void QuantilesLieStraightBetweenNeighbours()
    {
        Assert.Equal(2.5, Quantile.Median([4, 1, 3, 2]));
        Assert.Equal(1.3, Quantile.Of([1, 2, 3, 4], 0.1)!.Value, 1e-12);
        Assert.Equal(7, Quantile.Of([7], 0.9));
        Assert.Null(Quantile.Median([]));
    }
}
