using Attune.Reporting.Charts;

namespace Attune.Reporting.Tests.Charts;

/// <summary>Smoothing, logarithmic axes and zoom.</summary>
public sealed class ChartViewTests
{
    static readonly Chart Loss = new("Loss", "", [new("a", [new(0, 4), new(1, 2), new(10, -1), new(100, 0.5)])]);

    [Fact]
    public void View_WithSteps_LeavesOtherPointsOut() => Assert.Equal(
        new Point[] { new(1, 2), new(10, -1) }, ChartView.Parse(null, null, "1", "10").Apply(Loss).Series[0].Points);

    [Fact]
    public void View_WithLogarithmicAxes_LeavesOutWhatHasNoLogarithm() => Assert.Equal(
        new Point[] { new(1, 2), new(100, 0.5) }, ChartView.Parse(null, "xy", "", "").Apply(Loss).Series[0].Points);

    /// <summary>By hand: (1 − w) Σ wᵏ yₖ / (1 − wⁿ) with w = 0.5 of 4, 2, −1.</summary>
    [Fact]
    public void Curve_WithSmoothing_IsTheCorrectedMovingAverage()
    {
        var curve = new Curve(new("a", [new(0, 4), new(1, 2), new(2, -1)]), smoothing: 0.5);
        foreach (var (expected, point) in new[] { 4, 8.0 / 3, 4.0 / 7 }.Zip(curve.Trend))
            Assert.Equal(expected, point.Y, 1e-9);
        Assert.False(new Curve(new("a", [new(0, 4), new(1, 2)]), smoothing: 0).IsNoisy);
    }

    [Theory]
    [InlineData(0.01, 100, "0.01 0.1 1 10 100")]
    [InlineData(1, 30, "1 2 5 10 20")]
    [InlineData(0.8, 1.3, "0.8 0.9 1.0 1.1 1.2 1.3")]
    public void Axis_Logarithmic_HasRoundTicks(double low, double high, string ticks)
    {
        var axis = Axis.Logarithmic(low, high);
        Assert.Equal(ticks, string.Join(' ', axis.Ticks.Select(axis.Text)));
        Assert.Equal(new[] { 0, 0.5, 1 }, new[] { low, Math.Sqrt(low * high), high }.Select(value => Math.Round(axis.Share(value), 9)));
    }

    [Theory]
    [InlineData("1", "", "", "", "smooth must be at least 0 and below 1 (was 1)")]
    [InlineData("", "z", "", "", "log must be x, y or xy (was 'z')")]
    [InlineData("", "", "ten", "", "from must be a number (was 'ten')")]
    [InlineData("", "", "5", "5", "from must be less than to (was 5; to is 5)")]
    public void Parse_OfAWrongText_SaysWhatIsAllowed(string smooth, string log, string from, string to, string expected) =>
        Assert.Equal(expected, Assert.Throws<InvalidDataException>(() => ChartView.Parse(smooth, log, from, to)).Message);

    [Fact]
    public void Figure_OfManyRuns_HasACurveForEach()
    {
        var chart = ChartView.Parse("0.9", "y", "", "").Apply(
            Loss with { Series = [.. Enumerable.Range(1, 20).Select(i => new Series($"run {i}", [new(0, i), new(1, 2 * i)]))] });
        var figure = ChartDrawing.Figure(chart, "x")!.ToString();
        Assert.Equal(20, figure.Split("class=\"trend ").Length - 1);
        Assert.DoesNotContain("class=\"value", figure);
    }
}
