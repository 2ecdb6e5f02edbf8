using Attune.Reporting.Charts;
using Attune.Reporting.Pages;

namespace Attune.Reporting.Tests;

public sealed class CurveTests
{
    [Fact]
    public void Colour_OfManyCurves_IsNeverTheSameTwice() =>
        Assert.Equal(12, Enumerable.Range(0, 12).Select(ChartDrawing.Colour).Distinct(StringComparer.Ordinal).Count());

    [Fact]
    public void ThinningKeepsTheExtremesAndTheEnds()
    {
        Point[] points = [.. Enumerable.Range(0, 100_000).Select(step => new Point(step, Math.Sin(step * 0.01)))];
        points[43_210] = new(43_210, 99);
        points[77_777] = new(77_777, -99);
        var thin = Curve.Thin(points, columns: 400);
        Assert.InRange(thin.Count, 400, 4 * 401);
        Assert.Contains(points[43_210], thin);
        Assert.Contains(points[77_777], thin);
        Assert.Equal((points[0], points[^1]), (thin[0], thin[^1]));
        Assert.Equal(thin.OrderBy(point => point.X), thin);
    }

    [Fact]
    public void FewPointsAreNotThinned()
    {
        Point[] points = [new(0, 1), new(1, 2), new(2, 3)];
        Assert.Same(points, Curve.Thin(points, columns: 400));
    }

    [Fact]
    public void ThousandsOfPointsAtOneStepShrinkToTheirExtremes()
    {
        var thin = Curve.Thin([.. Enumerable.Range(0, 10_000).Select(value => new Point(5, value))], columns: 400);
        Assert.Equal([0, 9_999], thin.Select(point => point.Y));
    }

    [Fact]
    public void WhatIsNotAMeasurementIsSkippedAndTheRestIsPutInOrder()
    {
        var curve = Of((3, 30), (1, 10), (2, double.NaN), (double.NaN, 5), (4, double.PositiveInfinity), (5, 1e300), (6, -1e300));
        Assert.Equal([new(1, 10), new(3, 30)], curve.Raw);
    }

    [Fact]
    public void ACalmCurveIsItsOwnTrend()
    {
        var curve = Of([.. Enumerable.Range(0, 200).Select(step => ((double)step, Math.Exp(-step / 50.0)))]);
        Assert.False(curve.IsNoisy);
        Assert.Same(curve.Raw, curve.Trend);
    }

    [Fact]
    public void ANoisyCurveIsSmoothedTowardsWhatIsBehindTheNoise()
    {
        var curve = Of([.. Enumerable.Range(0, 300).Select(step => ((double)step, step * 0.01 + (step % 2 == 0 ? 1 : -1)))]);
        Assert.True(curve.IsNoisy);
        Assert.Equal(300, curve.Trend.Count);
        Assert.All(curve.Trend.Skip(30).SkipLast(30), point => Assert.Equal(point.X * 0.01, point.Y, 0.1));
        Assert.InRange(curve.Trend[^1].Y, 2.6, 3.1);
    }

    [Fact]
    public void SmoothingLeavesALevelWhereItIs() =>
        Assert.All(Curve.Smooth([.. Enumerable.Range(0, 50).Select(step => new Point(step, 7))], 5), point => Assert.Equal(7, point.Y, 12));

    [Fact]
    public void RoundingErrorsAreCalledZero()
    {
        Assert.Equal("0 → 4.12", Of((0, -3.6e-8), (1, 2), (2, 4.1234)).Summary);
        Assert.Equal("3e-8", Of((0, 3e-8)).Summary);
    }

    static Curve Of(params (double X, double Y)[] points) => new(new("a", [.. points.Select(point => new Point(point.X, point.Y))]));
}
