using Attune.Reporting.Evaluation;
using Attune.Reporting.Pages;

namespace Attune.Reporting.Tests;

public sealed class GainFitTests
{
    [Fact]
    public void TheLawOfBestOfNIsFoundWithItsPeak()
    {
        // R = d (3 − 0.5 d): 0, 2.5, 4, 4.5, 4; the peak is at 3/(2 · 0.5) = 3 with 3²/(4 · 0.5) = 4.5.
        var fit = GainFit.Fit(GainLaw.BestOfN, [new(0, 0), new(1, 2.5), new(2, 4), new(3, 4.5), new(4, 4)])!;
        Assert.Equal((3, 0.5, 1), (Math.Round(fit.A, 9), Math.Round(fit.B, 9), Math.Round(fit.RSquared, 9)));
        Assert.Equal((3, 4.5), (Math.Round(fit.Peak!.Value.X, 9), Math.Round(fit.Peak.Value.Y, 9)));
        Assert.False(fit.PeakIsBeyond);
        Assert.Equal("peak at √KL 3, a KL of 9 nats, with a gain of 4.5 (R² = 1)", fit.Summary);
    }

    [Fact]
    public void TheLawOfTrainingIsFoundWithItsPeak()
    {
        // R = d (2 − log d): at e it is e, and there 2 − log d − 1 is 0.
        var fit = GainFit.Fit(GainLaw.Training, [new(1, 2), new(2, 2 * (2 - Math.Log(2))), new(4, 4 * (2 - Math.Log(4)))])!;
        Assert.Equal((2, 1), (Math.Round(fit.A, 9), Math.Round(fit.B, 9)));
        Assert.Equal(Math.E, fit.Peak!.Value.X, 9);
        Assert.Equal(Math.E, fit.Peak.Value.Y, 9);
    }

    [Fact]
    public void PointsOffTheLawAreFittedByLeastSquares()
    {
        // y = a d − b d² over d = 1, 2, 3 with y = 1, 1, 2: the normal equations 14 a − 36 b = 9 and 36 a − 98 b = 23 give a = 54/76, b =
        // 2/76.
        // Errors 24/76, −24/76, 8/76 and a variance sum of 2/3 leave R² = 1 − (1216/5776)/(2/3).
        var fit = GainFit.Fit(GainLaw.BestOfN, [new(1, 1), new(2, 1), new(3, 2)])!;
        Assert.Equal(54 / 76.0, fit.A, 9);
        Assert.Equal(2 / 76.0, fit.B, 9);
        Assert.Equal(1 - 1216 / 5776.0 * 1.5, fit.RSquared, 9);
        Assert.True(fit.PeakIsBeyond);
        Assert.EndsWith("this is an extrapolation beyond the largest measured √KL, 3", fit.Summary, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(GainLaw.BestOfN)]
    [InlineData(GainLaw.Training)]
    public void AGainThatGrowsFasterAndFasterHasNoPeak(GainLaw law)
    {
        var fit = GainFit.Fit(law, [new(1, 1), new(2, 3), new(3, 6), new(4, 10)])!;
        Assert.True(fit.B < 0);
        Assert.Null(fit.Peak);
        Assert.StartsWith("no peak: the reward rises up to the largest measured √KL, 4", fit.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void ARewardThatFallsFromTheStartHasNoPeakOfBestOfN() => Assert.StartsWith(
        "no peak: the reward falls", GainFit.Fit(GainLaw.BestOfN, [new(1, -1), new(2, -3), new(3, -7)])!.Summary, StringComparison.Ordinal);

    [Fact]
    public void TooFewPointsOrOneDistanceAreNoFit()
    {
        Assert.Null(GainFit.Fit(GainLaw.Training, [new(0, 0), new(1, 1), new(2, 1)]));
        Assert.Null(GainFit.Fit(GainLaw.BestOfN, [new(2, 1), new(2, 2), new(2, 3)]));
        Assert.Null(GainFit.Fit(GainLaw.BestOfN, [new(1, 1), new(2, double.NaN), new(3, 3)]));
    }
}
