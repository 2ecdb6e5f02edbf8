using System.Xml.Linq;
using Attune.Reporting.Charts;
using Attune.Reporting.Pages;
using Attune.Reporting.Studies;
using Attune.Testing;

namespace Attune.Reporting.Tests;

/// <summary>The numbers of a study, from run logs that are written by hand: base 8, 9, 10; near 9, 10, 11; far 20, 22, 24.</summary>
public sealed class StudyResultTests : IDisposable
{
    static readonly StudyVariant Near = new() { Name = "near" };
    static readonly StudyVariant Far = new() { Name = "Far away!" };
    static readonly StudyGroup Group = new() { Name = "How far (distance)", Base = "here", Variants = [Near, Far] };

    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void MeanAndDeviationAreOverTheLastValuesOfTheSeeds()
    {
        var rows = Tables(Everything()).All.Rows;
        Assert.Equal(["base", "9 ± 1", "98 ± 1 %"], rows[0]);
        Assert.Equal(["near", "10 ± 1 ≈", "98 ± 1 % ≈"], rows[1]);
        Assert.Equal(["Far away!", "22 ± 2 (+13)", "98 ± 1 % ≈"], rows[2]);
    }

    [Fact]
    public void DeviationsHaveTwoDigits()
    {
        var study = Study([1, 2]);
        foreach (var run in study.Runs)
            Finish(run, 5 + 0.12345 * run.Seed);
        // 0.12345 / √2 is 0.0873
        Assert.Equal("5.19 ± 0.087", Tables(StudyResult.Read(study, new Dictionary<string, string>())).All.Rows[0][1]);
    }

    [Fact]
    public void NoiseIsTheRangeOfTheBaseOrTwoPooledStandardErrorsWhicheverIsLarger()
    {
        var result = Everything();
        Assert.Equal(2, result.BaseRange("eval/score"));
        // squares around the means, over 2 + 2 + 2
        Assert.Equal(2 * Math.Sqrt(2 * (2.0 + 2 + 8) / 6 / 3), result.Noise("eval/score")!.Value, 1e-12);
        // 2 · √(2 · 0.0001 / 3) is 0.0163
        Assert.Equal(0.02, result.Noise("eval/distinct")!.Value, 1e-12);
    }

    [Fact]
    public void CurvesAreMeansWithTheLeastAndTheGreatestAtStepsThatAllRunsHave()
    {
        var curve = Everything()[Far].Curve("eval/score", "far", scale: 10);
        Assert.Equal([new(0, 10), new(4, 220)], curve.Points);
        Assert.Equal([new(0, 10, 10), new(4, 200, 240)], curve.Band);
    }

    [Fact]
    public void Charts_OfAMetricAgainstAnother_ConnectTheirMeansInTheOrderOfTheSteps()
    {
        var result = Everything("eval/score against eval/distinct");
        var chart = Assert.Single(Tables(result).Charts(Group));
        Assert.Equal("Score against distinct responses", chart.Title);
        Assert.Equal("%", chart.XLabel);
        // at step 0 all responses are distinct, at step 4 97, 98 and 99 %
        Assert.Equal([new(100, 1), new(98, 22)], chart.Series[2].Points);
        Assert.Equal(chart.Series[2].Points, new Curve(chart.Series[2]).Raw);
    }

    [Theory]
    [InlineData("eval/gold against ")]
    [InlineData("eval/gold over eval/kl")]
    [InlineData("eval/gold against eval/kl against step")]
    public void Curves_NeitherOneMetricNorTwo_AreRefused(string curve)
    {
        var options = new StudyOptions { Recipe = "a.yaml", Output = "out", Groups = [Group], Curves = [curve] };
        Assert.Contains(options.Validate(new(options)), error => error.ErrorMessage!.Contains($"'{curve}'", StringComparison.Ordinal));
    }

    [Fact]
    public void RunsThatHaveNotEndedAreLeftOutAndSaid()
    {
        var study = Study([1, 2, 3]);
        foreach (var run in study.Runs.Where(run => run.Name is not ("near/seed-2" or "near/seed-3" or "far-away/seed-1")))
            Finish(run, Score(run));
        var tables = Tables(StudyResult.Read(study, new Dictionary<string, string> { ["near/seed-2"] = "it hit a wall" }));
        Assert.Equal(["near (1 of 3 seeds)", "9 ≈", "97 % ≈"], tables.All.Rows[1]);
        Assert.Equal(["far-away/seed-1 has not finished", "near/seed-2 failed: it hit a wall", "near/seed-3 has not finished"],
            tables.Missing.Order(StringComparer.Ordinal));
        Assert.Contains(
            "9 runs: 3 variants, 3 seeds each. 6 of them have finished. They took 1m00s in all.", tables.Effort, StringComparison.Ordinal);
    }

    [Fact]
    public void OneSeedSaysNothingAboutNoise()
    {
        var study = Study([1]);
        foreach (var run in study.Runs)
            Finish(run, Score(run));
        var tables = Tables(StudyResult.Read(study, new Dictionary<string, string>()));
        Assert.Equal(["base", "8", "97 %"], tables.All.Rows[0]);
        Assert.Equal(["near", "9 (+1)", "97 % (0)"], tables.All.Rows[1]);
        Assert.Equal("–", tables.Noise.Rows[1][1]);
    }

    [Fact]
    public void AStudyOfWhichNothingHasEndedHasAReport()
    {
        StudyReport.Write(StudyResult.Read(Study([1, 2]), new Dictionary<string, string>()));
        Assert.Contains("base/seed-2 has not finished", File.ReadAllText(folder.File("report.html")), StringComparison.Ordinal);
    }

    [Fact]
    public void TheReportHasEveryGroupWithBandsAndItsTable()
    {
        StudyReport.Write(Everything());
        var html = File.ReadAllText(folder.File("report.html"));
        Assert.Contains("How far (distance)", html, StringComparison.Ordinal);
        Assert.Contains("22 ± 2 (+13)", html, StringComparison.Ordinal);
        Assert.Equal(3, html.Split("class=\"band c").Length - 1);
    }

    [Fact]
    public void ThePageKeepsWhatPeopleWroteAndReplacesItsParts()
    {
        var result = Everything();
        var page = StudyPage.Write(result, folder.File("docs"));
        var first = File.ReadAllText(page);
        Assert.Contains("| Far away! | 22 ± 2 (+13) | 98 ± 1 % ≈ |", first, StringComparison.Ordinal);
        Assert.Contains("![How far (distance)](images/mine-how-far-distance.svg)", first, StringComparison.Ordinal);

        File.WriteAllText(page, first.Replace("## How far (distance)", "## Far\n\nIt is far.", StringComparison.Ordinal)
            .Replace("22 ± 2", "7 ± 7", StringComparison.Ordinal) + "\nThe end.\n");
        StudyPage.Write(result, folder.File("docs"));
        Assert.Equal(first.Replace("## How far (distance)", "## Far\n\nIt is far.", StringComparison.Ordinal)
            + "\nThe end.\n", File.ReadAllText(page));
    }

    [Fact]
    public void APartWithoutItsEndIsRefused()
    {
        Directory.CreateDirectory(folder.File("docs"));
        folder.Write("docs/mine.md", "# Mine\n\n<!-- begin all -->\n\nand nothing else");
        var error = Assert.Throws<InvalidDataException>(() => StudyPage.Write(Everything(), folder.File("docs")));
        Assert.Contains("<!-- end all -->", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void APictureStandsAloneWithAPanelForEachMetricAndALegend()
    {
        StudyPage.Write(Everything(), folder.File("docs"));
        var svg = XDocument.Load(folder.File("docs/images/mine-how-far-distance.svg")).Root!;
        Assert.Equal("http://www.w3.org/2000/svg", svg.Name.NamespaceName);
        string[] texts = [.. svg.Descendants().Where(element => element.Name.LocalName == "text").Select(text => text.Value)];
        foreach (var text in new[] { "Score", "here (base)", "near", "Far away!",
            "Line: the mean over 3 seeds. Band: minimum to maximum." })
            Assert.Contains(text, texts);
        Assert.Equal(3, svg.Descendants()
            .Count(element => ((string?)element.Attribute("class"))?.StartsWith("band", StringComparison.Ordinal) == true));
    }

    StudyResult Everything(params string[] curves)
    {
        var study = Study([1, 2, 3], curves);
        foreach (var run in study.Runs)
            Finish(run, Score(run));
        return StudyResult.Read(study, new Dictionary<string, string>());
    }

    static StudyTables Tables(StudyResult result) => new(result);

    /// <summary>The score of the base is 8 with seed 1, with seed 2 9, with seed 3 10.</summary>
    static double Score(StudyRun run) => run.Variant.Name switch
    {
        "near" => 8 + run.Seed,
        "base" => 7 + run.Seed,
        _ => 18 + 2 * run.Seed,
    };

    Study Study(IReadOnlyList<int> seeds, params string[] curves)
    {
        var options = new StudyOptions
        {
            Output = folder.Path,
            Seeds = seeds,
            Groups = [Group],
            Curves = curves.Length > 0 ? curves : ["eval/score", "eval/gold"],
            Figures = ["eval/score", "eval/distinct"],
        };
        return new("mine", options, new("ppo"),
            [.. from seed in seeds from variant in Reporting.Studies.Study.Variants(options) select new StudyRun(
                variant, seed, new(folder.File($"{variant.Folder}/seed-{seed}")), Steps: 4)]);
    }

    /// <summary>All runs begin at 1; the second has one more evaluation than the others.</summary>
    static void Finish(StudyRun run, double score)
    {
        Directory.CreateDirectory(run.Folder.Path);
        var more = run.Seed == 2 ? """{"step":2,"eval/score":5}""" : "";
        File.WriteAllText(run.Folder.Metrics, $$"""
            {"step":0,"eval/score":1,"eval/distinct":1}
            {{more}}
            {"step":4,"time/seconds":10,"eval/score":{{score}},"eval/distinct":{{(96 + run.Seed) / 100.0}}}
            """);
        File.WriteAllText(run.Folder.Summary, "{}");
    }
}
