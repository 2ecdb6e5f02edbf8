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

    ReportSection Responses =>
        RunReport.Page(Run, Ppo).Sections.Single(section => section.Title is "Responses" or "Responses, before and after");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void AnswersBeforeAndAfterArePairedByPrompt()
    {
        folder.Write("samples.jsonl", Samples);
        var columns = Responses.Columns;
        Assert.Equal(
            [("Is it warm?", "No.", "Yes, and sunny."), ("Where?", "There there there", "Behind the bridge.")],
            columns.SelectMany(column => column.Samples).Select(pair => (pair.Prompt, pair.Before?.Text, pair.After!.Text)));
        var (gain, loss) = (columns[0].Samples[0], columns[1].Samples[0]);
        Assert.Equal(["8 tokens", "cut off at the maximum length", "score 0.5", "KL 0 nats"], loss.Before!.Captions);
        Assert.Equal(["5 tokens", "score 1.5", "KL 4.12 nats"], gain.After!.Captions);
        Assert.Equal((new("score +2", IsGood: true), new("score −0.25", IsGood: false)), (gain.After.Assessment, loss.After!.Assessment));
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
        var pairs = Responses.Samples;
        Assert.Equal([("a", "c"), ("b", "d"), (null, "e")], pairs.Select(pair => (pair.Before?.Text, pair.After!.Text)));
    }

    [Fact]
    public void AnswersOfASingleLookStandAlone()
    {
        folder.Write("samples.jsonl", """{"step":7,"prompt":"p","completion":"a"}""");
        var pair = Assert.Single(Responses.Samples);
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
        Assert.Equal(["Score: training, held-out", "KL from the reference: training, held-out, k1"], section.Charts.Select(Describe));
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
        Assert.Equal(["Curves", "Responses, before and after", "Setup"], page.Sections.Select(section => section.Title));
        RunReport.Write(Run, Ppo);
        Assert.Contains("Behind the bridge.", File.ReadAllText(Run.Report), StringComparison.Ordinal);
    }

    [Fact]
    public void Page_HeldOutShare_HasAnInterval()
    {
        folder.Write("metrics.jsonl", """
            {"step":0,"eval/rewards/accuracies":0.5,"eval/examples":10}
            {"step":9,"eval/rewards/accuracies":0.8,"eval/examples":10}
            """);
        var section = RunReport.Section(Run, new("reward"));
        Assert.Equal("held-out, 95 % interval 49 to 94 %", section.Facts[0].Explanation);
        var band = section.Charts[0].Series[0].Band;
        Assert.Equal([0, 9], band.Select(at => at.X));
        Assert.Equal((49, 94), ((int)band[1].Low, (int)band[1].High));
        Assert.Contains("95 % interval", section.Charts[0].Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_Scores_HaveTheirSpreadAndTheKlItsEstimator()
    {
        folder.Write("metrics.jsonl", """
            {"step":0,"eval/score":0,"eval/score_p10":-1,"eval/score_p90":2,"eval/kl":0}
            {"step":1,"objective/scores":0.5,"objective/kl":0.1,"objective/kl_k3":0.1}
            """);
        var section = RunReport.Section(Run, Ppo);
        Assert.Equal([new(0, -1, 2)], section.Charts[0].Series.Single(series => series.Name == "held-out").Band);
        Assert.Equal(["training, k3", "held-out, k1"], section.Charts[1].Series.Select(series => series.Name));
        Assert.Contains("k3: π_ref/π − 1 − log(π_ref/π)", section.Charts[1].Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_Responses_AreSortedByGainAndByLoss()
    {
        folder.Write("samples.jsonl", """
            {"step":0,"prompt":"a","completion":"a0","score":0}
            {"step":0,"prompt":"b","completion":"b0","score":0}
            {"step":0,"prompt":"c","completion":"c0","score":0}
            {"step":0,"prompt":"d","completion":"d0","score":0}
            {"step":9,"prompt":"a","completion":"a9","score":1}
            {"step":9,"prompt":"b","completion":"b9","score":2}
            {"step":9,"prompt":"c","completion":"c9","score":-3}
            {"step":9,"prompt":"d","completion":"d9","score":0}
            """);
        var section = Responses;
        Assert.Equal(["Largest gains: b, a", "Largest losses: c"], section.Columns.Select(
            column => $"{column.Title}: {string.Join(", ", column.Samples.Select(sample => sample.Prompt))}"));
        Assert.Equal(
            [
                new("Higher score", "50 %", "2 of 4 prompts, 95 % interval 15 to 85 %"),
                new("Lower score", "25 %", "1 of 4 prompts, 95 % interval 5 to 70 %"),
                new("Mean change", "0", "points"),
            ],
            section.Facts);
    }

    [Fact]
    public void Page_Scores_HaveAHistogramOfTheFirstAndTheLastEvaluation()
    {
        folder.Write("metrics.jsonl", Metrics);
        folder.Write("samples.jsonl", string.Join('\n', Enumerable.Range(0, 40).Select(at =>
            $$"""{"step":{{(at < 20 ? 0 : 9)}},"prompt":"p{{at % 20}}","completion":"c","score":{{at}}}""")));
        var chart = RunReport.Section(Run, Ppo).Charts[2];
        Assert.Equal("Distribution of scores", chart.Title);
        Assert.Equal(["step 9: median 29.5", "step 0: median 9.5"], chart.Series.Select(
            series => $"{series.Name}: {series.Summary!.Split(',')[0]}"));
        Assert.All(chart.Series, series => Assert.Equal(200, series.Points.Sum(point => point.Y), 6));     // each bin has two corners
    }

    [Fact]
    public void Page_End_HasRecipeAndMachine()
    {
        folder.Write("metrics.jsonl", Metrics);
        folder.Write("recipe.yaml", "method: ppo\nmodel: a/model\n");
        new RunSession(0, new Dictionary<string, string> { ["commit"] = "0123456789ab", ["device"] = "cpu" }).Append(Run);
        new RunSession(2, new Dictionary<string, string> { ["commit"] = "fedcba987654", ["device"] = "cuda:0" }).Append(Run);
        var setup = Assert.Single(RunReport.Page(Run, Ppo).Sections[^1].Folded);
        Assert.Equal("method: ppo\nmodel: a/model\n", setup.Text);
        Assert.Equal([["commit", "0123456789ab", "fedcba987654"], ["device", "cpu", "cuda:0"]], Assert.Single(setup.Tables).Rows);
    }
}
