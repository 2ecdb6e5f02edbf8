using Attune.Data.Agreement;

namespace Attune.Data.Tests.Agreement;

/// <summary>Shares with their intervals.</summary>
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
}
