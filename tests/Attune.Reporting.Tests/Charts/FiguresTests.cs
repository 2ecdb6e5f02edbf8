using Attune.Reporting.Charts;

namespace Attune.Reporting.Tests;

public sealed class FiguresTests
{
    [Theory]
    [InlineData(0, "0")]
    [InlineData(4.2149, "4.21")]
    [InlineData(-0.31, "−0.31")]
    [InlineData(0.01234, "0.0123")]
    [InlineData(12345.4, "12,345")]
    [InlineData(400, "400")]
    [InlineData(0.00003, "3e-5")]
    [InlineData(-2.5e9, "−2.5e9")]
    [InlineData(double.NaN, "not a number")]
    [InlineData(double.NegativeInfinity, "−∞")]
    public void ANumberShowsThreeDigitsThatCount(double value, string expected) => Assert.Equal(expected, NumberFormat.Number(value));

    [Theory]
    [InlineData(-0.04, 1, "0.0")]
    [InlineData(-0.0, 0, "0")]
    [InlineData(-1.26, 1, "−1.3")]
    [InlineData(2.218, 1, "2.2")]
    public void Fixed_NumberThatRoundsToZero_HasNoMinusSign(double value, int decimals, string expected) =>
        Assert.Equal(expected, NumberFormat.Fixed(value, decimals));

    [Fact]
    public void Interval_OfAShare_IsWilsons() => Assert.Equal("95 % interval 49 to 94 %", NumberFormat.Interval(0.8, 10));

    [Theory]
    [InlineData(0, 0.5, "0")]
    [InlineData(1, 0.5, "1.0")]
    [InlineData(-0.2, 0.1, "−0.2")]
    [InlineData(3000, 1000, "3,000")]
    [InlineData(4_200_000, 200_000, "4.2M")]
    [InlineData(0.00002, 0.00001, "2e-5")]
    public void ATickHasTheDecimalsOfItsStep(double value, double step, string expected) =>
        Assert.Equal(expected, NumberFormat.Tick(value, step));

    [Theory]
    [InlineData(-3, "0s")]
    [InlineData(8.4, "8s")]
    [InlineData(59.6, "1m00s")]
    [InlineData(147, "2m27s")]
    [InlineData(11_100, "3h05m")]
    [InlineData(187_200, "2d04h")]
    public void ADurationNamesItsTwoLargestUnits(double seconds, string expected) =>
        Assert.Equal(expected, NumberFormat.Duration(TimeSpan.FromSeconds(seconds)));
}
