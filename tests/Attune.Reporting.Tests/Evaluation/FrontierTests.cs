using Attune.Reporting.Charts;
using Attune.Reporting.Evaluation;
using Attune.Reporting.Pages;
using Attune.Reporting.Runs;
using Attune.Testing;

namespace Attune.Reporting.Tests;

public sealed class FrontierTests : IDisposable
{
    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void ARunsEvaluationsBecomeGainsOverDistance()
    {
        var frontier = Read("""
            {"step":0,"eval/kl":-0.0001,"eval/score":2,"eval/gold":5}
            {"step":10,"objective/kl":1}
            {"step":10,"eval/kl":4,"eval/score":3,"eval/gold":7}
            {"step":20,"eval/kl":9,"eval/score":4,"eval/gold":6}
            """)!;
        Assert.Equal([new(0, 0), new(2, 1), new(3, 2)], frontier.ScoreGains);
        Assert.Equal([new(0, 0), new(2, 2), new(3, 1)], frontier.GoldGains);
        Assert.Equal(10, frontier.Best!.Label);
    }

    [Fact]
    public void WithoutGoldThereIsNoBest()
    {
        var frontier = Read("""
            {"step":0,"eval/kl":0,"eval/score":2}
            {"step":10,"eval/kl":4,"eval/score":3}
            """)!;
        Assert.Null(frontier.Best);
        Assert.Null(frontier.GoldFit);
        Assert.Single(frontier.Charts());
    }

    [Fact]
    public void OneLookIsNoFrontier() => Assert.Null(Read("""{"step":0,"eval/kl":0,"eval/score":2}"""));

    [Fact]
    public void TheFitIsDrawnWithItsPeakAndTheBestStepIsMarked()
    {
        // d = 1, 2, 3, 4 and R = d (2 − log d), which peaks at e.
        var lines = Enumerable.Range(0, 5).Select(d => FormattableString.Invariant(
            $"{{\"step\":{d},\"eval/kl\":{d * d},\"eval/score\":{d},\"eval/gold\":{(d == 0 ? 1 : 1 + d * (2 - Math.Log(d)))}}}"));
        var charts = Read(string.Join('\n', lines))!.Charts();
        Assert.Equal(["gold reward", "fit", "peak of the fit", "best: step 3"], charts[1].Series.Select(series => series.Name));
        Assert.Equal(Math.E, charts[1].Series[2].Points[0].X, 6);
        Assert.Equal(new Point(3, 3 * (2 - Math.Log(3))), charts[1].Series[3].Points[0], (a, b) =>
            Math.Abs(a.X - b.X) + Math.Abs(a.Y - b.Y) < 1e-9);
    }

    Frontier? Read(string metrics)
    {
        folder.Write("metrics.jsonl", metrics);
        return Frontier.FromRun(RunRecord.Read(new RunFolder(folder.Path)));
    }
}
