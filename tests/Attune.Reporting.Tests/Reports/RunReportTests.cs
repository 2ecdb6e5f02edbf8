using Attune.Reporting.Charts;
using Attune.Reporting.Pages;
using Attune.Reporting.Reports;
using Attune.Reporting.Runs;
using Attune.Testing;

namespace Attune.Reporting.Tests;

public sealed class RunReportTests : IDisposable
{
    static readonly MethodDescription Ppo = new("ppo")
    {
        ReportTitle = "PPO",
        Metrics = [new("loss", "Total loss", "", "The sum of the parts.") { Place = ChartPlace.Folded }],
    };

    const string Metrics = """
        {"step":0,"time/seconds":1.5,"eval/score":-0.25,"eval/kl":0}
        {"step":1,"time/seconds":4,"objective/scores":-0.2,"objective/kl":0.1,"loss":0.5,"my/own":3}
        {"step":2,"time/seconds":90,"objective/scores":"NaN","objective/kl":0.4,"loss":0.25,"my/own":4}
        {"step":2,"time/seconds":147,"eval/score":1.5,"eval/kl":0.5}
        {"step":3,"objective/sc
        """;

    const string Samples = """
        {"step":0,"prompt":"Is it warm?","completion":"No.","length":2,"ended":1,"score":-0.5,"kl":0}
        {"step":0,"prompt":"Where?","completion":"There there there","length":8,"ended":0,"score":0.5,"kl":0}
        {"step":1,"prompt":"Is it warm?","completion":"in between","length":2,"ended":1,"score":0}
        {"step":2,"prompt":"Where?","completion":"Behind the bridge.","length":5,"ended":1,"score":0.25,"kl":3}
        {"step":2,"prompt":"Is it warm?","completion":"Yes, and sunny.","length":5,"ended":1,"score":1.5,"kl":4.123}
        {"step":2,"prompt":"New?","completion":"Yes.","length":1,"ended":1,"score":1,"kl":0}
        """;

    readonly TemporaryFolder folder = new();

    RunFolder Run => new(folder.Path);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void AnswersBeforeAndAfterArePairedByPrompt()
    {
        folder.Write("samples.jsonl", Samples);
        var pairs = RunReport.Section(Run, Ppo).Samples;
        Assert.Equal(
            [("Where?", "There there there", "Behind the bridge."), ("Is it warm?", "No.", "Yes, and sunny."), ("New?", null, "Yes.")],
            pairs.Select(pair => (pair.Prompt, pair.Before?.Text, pair.After!.Text)));
        Assert.Equal(["8 tokens", "cut off at the maximum length", "score 0.5", "KL 0 nats"], pairs[0].Before!.Captions);
        Assert.Equal(["5 tokens", "score 1.5", "KL 4.12 nats"], pairs[1].After!.Captions);
        Assert.Equal([new("score −0.25", IsGood: false), new("score +2", IsGood: true), null], pairs.Select(
            pair => pair.After!.Assessment));
    }

    [Fact]
    public void APromptThatStandsThereTwiceIsPairedInOrder()
    {
        folder.Write("samples.jsonl", """
            {"step":0,"prompt":"p","completion":"a"}
            {"step":0,"prompt":"p","completion":"b"}
            {"step":5,"prompt":"p","completion":"c"}
            {"step":5,"prompt":"p","completion":"d"}
            {"step":5,"prompt":"p","completion":"e"}
            """);
        var pairs = RunReport.Section(Run, Ppo).Samples;
        Assert.Equal([("a", "c"), ("b", "d"), (null, "e")], pairs.Select(pair => (pair.Before?.Text, pair.After!.Text)));
    }

    [Fact]
    public void AnswersOfASingleLookStandAlone()
    {
        folder.Write("samples.jsonl", """{"step":7,"prompt":"p","completion":"a"}""");
        var pair = Assert.Single(RunReport.Section(Run, Ppo).Samples);
        Assert.Equal((null, "a"), (pair.Before, pair.After!.Text));
    }

    [Fact]
    public void TheMainFiguresComeFirstAndFromHeldOutData()
    {
        folder.Write("metrics.jsonl", Metrics);
        Assert.Equal(
            [
                new("Score", "−0.25 → 1.5", "held-out, points"),
                new("KL from the reference", "0 → 0.5", "held-out, nats a response"),
                new("Steps", "2"),
                new("Time", "2m27s"),
            ],
            RunReport.Section(Run, Ppo).Facts);
    }

    [Fact]
    public void ChartsStandInTheOrderOfImportanceAndShareWhatBelongsTogether()
    {
        folder.Write("metrics.jsonl", Metrics);
        var section = RunReport.Section(Run, Ppo);
        Assert.Equal(["Score: training, held-out", "KL from the reference: training, held-out"], section.Charts.Select(Describe));
        Assert.Equal(["Total loss: training", "my/own: training"], section.Folded[0].Charts.Select(Describe));
        Assert.Equal([new(1, -0.2)], section.Charts[0].Series[0].Points);

        static string Describe(Chart chart) => $"{chart.Title}: {string.Join(", ", chart.Series.Select(series => series.Name))}";
    }

    [Fact]
    public void SharesAreShownInPercent()
    {
        folder.Write("metrics.jsonl", """
            {"step":1,"rewards/accuracies":0.5}
            {"step":2,"rewards/accuracies":0.75}
            """);
        var section = RunReport.Section(Run, new("reward"));
        Assert.Equal("50 % → 75 %", section.Facts[0].Value);
        Assert.Equal([50, 75], section.Charts[0].Series[0].Points.Select(point => point.Y));
    }

    [Fact]
    public void AMethodNobodyKnowsStillHasItsCurves()
    {
        folder.Write("metrics.jsonl", """{"step":1,"a":1,"b":2}""");
        var section = RunReport.Section(Run, new("mine"));
        Assert.Equal("mine", section.Title);
        Assert.Equal(["a", "b"], section.Charts.Select(chart => chart.Title));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("\n{}\n{\"step\":\"x\"}\n[1]\n{\"step\":1")]
    public void ARunWithoutFiguresHasAReportThatSaysSo(string? content)
    {
        if (content is not null)
        {
            folder.Write("metrics.jsonl", content);
            folder.Write("samples.jsonl", content);
        }
        RunReport.Write(Run, Ppo);
        Assert.Contains("has not logged a step yet", File.ReadAllText(Run.Report), StringComparison.Ordinal);
    }

    [Fact]
    public void TheReportIsNamedAfterTheRunAndHoldsAnswersAndCurves()
    {
        folder.Write("metrics.jsonl", Metrics);
        folder.Write("samples.jsonl", Samples);
        var page = RunReport.Page(Run, Ppo);
        Assert.Equal($"PPO: {Path.GetFileName(folder.Path)}", page.Title);
        Assert.Equal(["Responses, before and after", "Curves"], page.Sections.Select(section => section.Title));
        RunReport.Write(Run, Ppo);
        Assert.Contains("Behind the bridge.", File.ReadAllText(Run.Report), StringComparison.Ordinal);
    }
}
