using Attune.Reporting.Evaluation;
using Attune.Reporting.Pages;
using Attune.Reporting.TextMetrics;

namespace Attune.Reporting.Tests;

public sealed class ResponseEvaluationTests
{
    static readonly string[] Words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

    /// <summary>Thirty prompts; the second model is right on all, the first on half of them.</summary>
    static readonly ResponseEvaluation Compared = ResponseEvaluation.Create(
        [Model("half", row => row % 2 == 0 ? Reference(row) : "wrong"), Model("right", Reference)],
        ["rouge1", "bleu", "length", "diversity", "ter"], seed: 1);

    [Fact]
    public void Create_Value_IsThatOfTheCorpus()
    {
        Assert.Equal([0.5, 1], Values("rouge1"));
        Assert.Equal([3, 4], Values("length"));
        Assert.Equal([0.5, 0], Values("ter"));
        Assert.Equal([.. Compared.Models.Select(model => new Bleu().CorpusScore(model.Texts))], Values("bleu"));
        Assert.Contains(Compared.Metrics, metric => metric.Name == "distinct-2" && metric.Models[0].Interval is null);
    }

    [Fact]
    public void Create_Interval_IsNearThatOfTheBinomial()
    {
        var (first, second) = (Metric("rouge1").Models[0], Metric("rouge1").Models[1]);
        Assert.InRange(first.Interval!.Value.Low, 0.27, 0.37);                 // 0.5 − 1.96 · √(0.25 / 30) = 0.32
        Assert.InRange(first.Interval!.Value.High, 0.63, 0.73);
        Assert.Equal(new Interval(1, 1), second.Interval);
        Assert.Equal(0.5, second.Difference);
        Assert.InRange(second.DifferenceInterval!.Value.Low, 0.27, 0.37);
        Assert.True(second.Differs);
    }

    /// <summary>Two models that are equal on every prompt differ by nothing in every round, which unpaired draws would not give.</summary>
    [Fact]
    public void Create_EqualModels_DifferByNothing()
    {
        var evaluation = ResponseEvaluation.Create(
            [Model("a", row => row % 2 == 0 ? Reference(row) : "wrong"), Model("b", row => row % 2 == 0 ? Reference(row) : "wrong")],
            ["rouge1", "bleu"], seed: 1);
        Assert.All(evaluation.Metrics, metric =>
        {
            Assert.Equal(new Interval(0, 0), metric.Models[1].DifferenceInterval);
            Assert.False(metric.Models[1].Differs);
        });
    }

    /// <summary>The second model wins on half of the prompts and is equal on the others.</summary>
    [Fact]
    public void WithWinRate_CountsEqualScoresAsHalf()
    {
        var models = ResponseEvaluation.WithWinRate(Compared.Models, "length");
        var rate = ResponseEvaluation.Create(models, [ResponseEvaluation.WinRateName], seed: 1).Metrics.Single().Models;
        Assert.Equal((0.5, new Interval(0.5, 0.5)), (rate[0].Value, rate[0].Interval!.Value));
        Assert.Equal(0.75, rate[1].Value);
        Assert.True(rate[1].Differs);
    }

    [Theory]
    [InlineData(1 + 1e-9, 0.5)]
    [InlineData(1 + 1e-3, 1)]
    [InlineData(1 - 1e-3, 0)]
    public void WithWinRate_ScoresThatDifferByRounding_AreEqual(double score, double expected)
    {
        var models = ResponseEvaluation.WithWinRate([Scored(1), Scored(score)], "score");
        Assert.All(models[1].Numbers[ResponseEvaluation.WinRateName], win => Assert.Equal(expected, win));

        static ModelResponses Scored(double score) => Model("a", Reference) with
        {
            Numbers = new Dictionary<string, IReadOnlyList<double>>(StringComparer.Ordinal)
            {
                ["score"] = [.. Enumerable.Repeat(score, 30)],
            },
        };
    }

    [Fact]
    public void Lines_AlignColumnsAndMarkDifferences()
    {
        var lines = ResponseEvaluationPage.Lines(Compared).ToList();
        Assert.Matches("^Metric +Model +Value +95 % interval +Difference from half +95 % interval$", lines[0]);
        Assert.Matches(@"^rouge1 +half +0\.5 +0\.\d+ to 0\.\d+$", lines[1]);
        Assert.Matches(@"^ +right +1 +1 to 1 +\+0\.5 \* +0\.\d+ to 0\.\d+$", lines[2]);
        Assert.Contains(lines, line => line.StartsWith("ter (lower is better) ", StringComparison.Ordinal));
        Assert.Equal("* the interval of the difference does not contain 0", lines[^1]);
    }

    [Fact]
    public void Lines_OneModel_HaveNoDifferences() => Assert.Equal(
        "Metric  Model  Value  95 % interval",
        ResponseEvaluationPage.Lines(ResponseEvaluation.Create([Model("right", Reference)], ["chrf"], seed: 1)).First());

    [Fact]
    public void Page_ShowsResponsesOfTwoModels()
    {
        var page = HtmlReport.Render(ResponseEvaluationPage.Create(Compared, "prompts.jsonl"));
        Assert.Contains("half, right: responses to 30 prompts of prompts.jsonl.", page, StringComparison.Ordinal);
        Assert.Contains("prompt 3", page, StringComparison.Ordinal);
        Assert.Contains("wrong", page, StringComparison.Ordinal);
        Assert.Contains(Reference(3), page, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_ThreeModels_ShowsEachBesideTheFirst()
    {
        var page = HtmlReport.Render(ResponseEvaluationPage.Create(
            ResponseEvaluation.Create(
                [Model("a", _ => "one"), Model("b", _ => "two"), Model("c", _ => "three")], ["length"], seed: 1), "p"));
        foreach (var part in (string[])["Responses of a and b", "Responses of a and c", ">two<", ">three<"])
            Assert.Contains(part, page, StringComparison.Ordinal);
    }

    /// <summary>Losses of 2 nats a token in 1 token, and of 1 in 3 tokens: exp(5 / 4).</summary>
    [Fact]
    public void Perplexity_IsThatOfAllTokens()
    {
        var model = Model("a", Reference) with { Losses = [.. Enumerable.Range(0, 30).Select(row => row % 2 == 0 ? (2.0, 1) : (3.0, 3))] };
        var metric = ResponseEvaluation.Create([model], [ResponseEvaluation.PerplexityName], seed: 1).Metrics.Single();
        Assert.True(metric.LowerIsBetter);
        Assert.Equal(Math.Exp(5 / 4.0), metric.Models[0].Value, 1e-12);
        Assert.InRange(metric.Models[0].Interval!.Value.Low, Math.Exp(1), metric.Models[0].Value);
    }

    [Fact]
    public void Mean_NumberThatIsMissing_IsLeftOut()
    {
        var numbers = new Dictionary<string, IReadOnlyList<double>>(StringComparer.Ordinal)
        {
            ["score"] = [double.NaN, .. Enumerable.Repeat(4.0, 29)],
            ["none"] = [.. Enumerable.Repeat(double.NaN, 30)],
        };
        var models = ResponseEvaluation.WithWinRate([Model("a", Reference) with { Numbers = numbers }], "score");
        var evaluation = ResponseEvaluation.Create(models, ["score", "none", ResponseEvaluation.WinRateName], seed: 1);
        Assert.Equal([4, double.NaN, 0.5], evaluation.Metrics.Select(metric => metric.Models[0].Value));
        Assert.Null(ResponseEvaluationPage.ToJson(evaluation)["metrics"]!["none"]![0]!["value"]);
    }

    [Fact]
    public void ToJson_HasAllNumbers()
    {
        var json = ResponseEvaluationPage.ToJson(Compared);
        Assert.Equal(30, (int)json["prompts"]!);
        Assert.Equal(0.5, (double)json["metrics"]!["rouge1"]![1]!["difference"]!);
        Assert.Null(json["metrics"]!["rouge1"]![0]!["difference"]);
    }

    static double[] Values(string name) => [.. Metric(name).Models.Select(model => model.Value)];

    static ComparedMetric Metric(string name) => Compared.Metrics.Single(metric => metric.Name == name);

    static string Reference(int row) => string.Join(' ', Enumerable.Range(row, 4).Select(at => Words[at % Words.Length]));

    static ModelResponses Model(string name, Func<int, string> respond)
    {
        ReferencedText[] texts = [.. Enumerable.Range(0, 30).Select(row => new ReferencedText(respond(row), [Reference(row)]))];
        var lengths = texts.Select(text => text.Response == "wrong" ? 2.0 : 4).ToArray();
        return new(
            name, [.. Enumerable.Range(0, 30).Select(row => $"prompt {row}")], texts,
            new Dictionary<string, IReadOnlyList<double>>(StringComparer.Ordinal) { ["length"] = lengths });
    }
}
