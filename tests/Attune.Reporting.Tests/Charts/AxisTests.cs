using Attune.Reporting.Charts;
using Attune.Reporting.Pages;

namespace Attune.Reporting.Tests;

public sealed class AxisTests
{
    [Theory]
    [InlineData(0, 10, 5, new[] { 0.0, 2, 4, 6, 8, 10 })]
    [InlineData(0, 1, 5, new[] { 0, 0.2, 0.4, 0.6, 0.8, 1 })]
    [InlineData(0, 0.3, 3, new[] { 0, 0.1, 0.2, 0.3 })]
    [InlineData(-0.31, 1.84, 5, new[] { 0, 0.5, 1, 1.5 })]
    [InlineData(-25, 25, 4, new[] { -20.0, 0, 20 })]
    [InlineData(1, 3000, 5, new[] { 1000.0, 2000, 3000 })]
    [InlineData(0.00002, 0.00005, 3, new[] { 0.00002, 0.00003, 0.00004, 0.00005 })]
    [InlineData(4.2e6, 4.9e6, 5, new[] { 4.2e6, 4.4e6, 4.6e6, 4.8e6 })]
    public void TicksAreRoundNumbersWithinTheRange(double low, double high, int most, double[] expected) =>
        Assert.Equal(expected, Axis.Over(low, high, most).Ticks);

    [Fact]
    public void AMarginMakesRoomAtBothEnds()
    {
        var axis = Axis.Over(0, 10, 5, margin: 0.1);
        Assert.Equal((-1, 11), (axis.Low, axis.High));
        Assert.Equal(0.5, axis.Share(5));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(-0.05)]
    [InlineData(1e100)]
    [InlineData(1e-300)]
    public void AValueThatNeverMovesStandsInTheMiddle(double value)
    {
        var axis = Axis.Over(value, value, 5);
        Assert.Equal(0.5, axis.Share(value), 6);
        Assert.InRange(axis.Ticks.Count, 1, 6);
    }

    [Fact]
    public void Over_RangeBelowTheLeastSpan_IsWidenedAroundTheValues()
    {
        var axis = Axis.Over(3, 3.2, 5, leastSpan: 1);
        Assert.Equal((2.6, 3.6), (Math.Round(axis.Low, 9), Math.Round(axis.High, 9)));
        Assert.Equal((3, 5), (Axis.Over(3, 5, 5, leastSpan: 1).Low, Axis.Over(3, 5, 5, leastSpan: 1).High));
    }

    [Theory]
    [InlineData(97.7, 98, 90, 100)]
    [InlineData(0, 1, 0, 10)]
    [InlineData(40, 40.5, 35.25, 45.25)]
    [InlineData(2, 99, 2, 99)]
    public void Over_Bounds_AreNotLeft(double low, double high, double expectedLow, double expectedHigh)
    {
        var axis = Axis.Over(low, high, 5, leastSpan: 10, bounds: (0, 100));
        Assert.Equal((expectedLow, expectedHigh), (Math.Round(axis.Low, 9), Math.Round(axis.High, 9)));
    }

    [Fact]
    public void Over_ValuesOutsideTheBounds_AreStillOnTheAxis() =>
        Assert.Equal(120, Axis.Over(20, 120, 5, leastSpan: 10, bounds: (0, 100)).High);

    [Theory]
    [InlineData(-1e100, 1e100)]
    [InlineData(0, 1e-95)]
    [InlineData(1, 1.0001)]
    [InlineData(-3e17, 5)]
    public void AnyRangeHasAFewTicks(double low, double high) =>
        Assert.InRange(Axis.Over(low, high, 5).Ticks.Count, 2, 6);
}
