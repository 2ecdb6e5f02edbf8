using System.Text.Json.Nodes;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Parameters;
using static Attune.Cli.Tests.Commands;

namespace Attune.Cli.Tests;

/// <summary>`attune evaluate reward`, and `attune score` with an ensemble.</summary>
public sealed class RewardCommandTests : IDisposable
{
    readonly TemporaryFolder folder = new();
    readonly string one;
    readonly string other;

    public RewardCommandTests() => (one, other) = (New("one", 1), New("other", 2));

    public void Dispose() => folder.Dispose();

    [Fact]
    public void EvaluateReward_Accuracy_IsThatOfTheScoresInTableJsonAndReport()
    {
        var rankings = TinyData.Rankings(folder);
        var scored = Commands.Run("score", one, rankings, "--output", folder.File("scores.jsonl")).Error;
        var (output, report) = (folder.File("found.json"), folder.File("report.html"));
        var table = Succeed("evaluate", "reward", one, rankings, "--output", output, "--report", report);
        var json = JsonNode.Parse(File.ReadAllText(output))!;
        var accuracy = json["accuracy"]!["value"]!.GetValue<double>();
        var percent = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{100 * accuracy:F1} %");
        Assert.Equal(108, json["accuracy"]!["pairs"]!.GetValue<int>());
        Assert.Contains($"; accuracy {percent} on 108 pairs", scored);
        Assert.StartsWith($"accuracy     {percent}  (95 %: ", table);
        Assert.Contains(percent, File.ReadAllText(report));
        Assert.Contains("Most confident errors", File.ReadAllText(report));
        Assert.Equal(json.ToJsonString(), JsonNode.Parse(Succeed("evaluate", "reward", one, rankings, "--json"))!.ToJsonString());
    }

    [Fact]
    public void EvaluateReward_RowsThatWereTrainedOn_AreCounted()
    {
        var (rankings, run) = (TinyData.Rankings(folder), folder.File("run"));
        Succeed("reward", $"data.train={rankings}", $"run.output={run}", "training.steps=1", "newModel.layers=1", "newModel.width=32",
            "newModel.heads=2", "newModel.context=48", "tokenizer.vocabularySize=300", "normalise.by=none");
        var (_, _, error) = Commands.Run("evaluate", "reward", Path.Combine(run, "model"), rankings);
        Assert.Contains("36 of 36 rows were trained on", error);
        Assert.DoesNotContain("trained on", Commands.Run("evaluate", "reward", one, rankings).Error);
    }

    [Theory]
    [InlineData("score", """{"text":"The cat says meow.","id":1}""", "score does not use `id`")]
    [InlineData("score", """{"prompt":"The cat says","chosen":" meow.","rejected":" no","id":1}""", "score does not use `id`")]
    [InlineData("evaluate reward", """{"prompt":"The cat says","chosen":" meow.","rejected":" no","id":1}""",
        "evaluate reward does not use `id`")]
    public void Data_FieldsThatAreNotUsed_AreNamed(string command, string row, string expected)
    {
        var data = folder.Write("data.jsonl", row + "\n");
        var (code, _, error) = Commands.Run([.. command.Split(' '), one, data]);
        Assert.True(code == 0, error);
        Assert.Contains($"{data}: {expected}", error);
        Assert.DoesNotContain("does not use", Commands.Run([.. command.Split(' '), one, data, "--ignore", "id"]).Error);
    }

    [Theory]
    [InlineData("score", """{"prompt":"q","completion":" a","system":"x"}""", "line 1: score would not use `system`", "--ignore system")]
    [InlineData("score", """{"text":"a","labels":[1]}""", "line 1: score would not use `labels`", "--ignore labels")]
    [InlineData("score", """{"prompt":"q"}""", "line 1: score reads texts to score", "are prompts, which ppo, ")]
    [InlineData("evaluate reward", """{"prompt":"q","chosen":" a","rejected":" b","scores":[1,2]}""",
        "line 1: evaluate reward would not use `scores`", "--ignore scores")]
    [InlineData("evaluate reward", """{"prompt":"q","completion":" a"}""", "line 1: evaluate reward reads comparisons",
        "are demonstrations, which sft")]
    [InlineData("score", """{"title":"q","body":" a"}""", "match no layout", "`--columns prompt=… completion=…` says which field is which")]
    public void Data_FieldsWithAMeaning_StopTheCommand(string command, string row, string expected, string remedy)
    {
        var data = folder.Write("data.jsonl", row + "\n");
        Fail(expected, [.. command.Split(' '), one, data]);
        Fail(remedy, [.. command.Split(' '), one, data]);
    }

    [Fact]
    public void Score_ColumnsAndSide_ReadOtherNamesAndOneResponse()
    {
        var data = folder.Write("data.jsonl", """{"q":"The cat says","chosen":" meow.","rejected":" no"}""" + "\n");
        var line = JsonNode.Parse(Succeed("score", one, data, "--columns", "prompt=q", "--side", "rejected"))!;
        Assert.Equal("The cat says no", line["prompt"]!.GetValue<string>() + line["completion"]!.GetValue<string>());
        Assert.NotNull(line["score"]);
        Assert.Equal(1, JsonNode.Parse(Succeed("evaluate", "reward", one, data, "--columns", "prompt=q", "--json"))!["accuracy"]!["pairs"]!
            .GetValue<int>());
    }

    [Fact]
    public void Score_LabelledResponse_IsWrittenWithItsLabel()
    {
        var data = folder.Write("data.jsonl", """{"prompt":"The cat says","completion":" meow.","label":false}""" + "\n");
        var line = JsonNode.Parse(Succeed("score", one, data))!.AsObject();
        Assert.Equal(["prompt", "completion", "label", "score"], line.Select(field => field.Key));
    }

    [Fact]
    public void EvaluateReward_MarginsVotesAndSources_AreGrouped()
    {
        var data = folder.Write("pairs.jsonl", string.Concat(Enumerable.Range(0, 20).Select(i =>
            $$"""{"prompt":"The cat {{i % 10}} says","chosen":" meow.","rejected":" no","strength":{{i % 2}},"""
            + $$""" "votes":[{{3 - i / 10}},1],"sources":["a","{{(i % 4 == 0 ? "a" : "b")}}"]}""" + "\n")));
        var json = JsonNode.Parse(Succeed("evaluate", "reward", one, data, "--json", "--ceiling", "0.8"))!;
        Assert.Equal(["0", "1"], json["byStrength"]!.AsArray().Select(group => group!["name"]!.GetValue<string>()));
        Assert.Equal(["67 %", "75 %"], json["byShare"]!.AsArray().Select(group => group!["name"]!.GetValue<string>()));
        Assert.Equal(["a – a", "a – b"], json["bySources"]!.AsArray().Select(group => group!["name"]!.GetValue<string>()));
        Assert.Equal(10, json["annotators"]!["pairs"]!.GetValue<int>());
        // 7 votes, 5 to 2: (5 · 4 + 2 · 1) / 42
        Assert.Equal(22 / 42.0, json["annotators"]!["among"]!.GetValue<double>(), 1e-9);
        Assert.Equal(0.8, json["ceiling"]!.GetValue<double>());
        Assert.Null(json["earlierPreferred"]);
    }

    [Fact]
    public void Score_Ensemble_CombinesByMeanMinimumOrDeviations()
    {
        var rankings = TinyData.Rankings(folder);
        var (a, b) = (Scores(one), Scores(other));
        Check((x, y) => (x + y) / 2);
        Check(Math.Min, "--combine", "minimum");
        Check((x, y) => (x + y) / 2 - 2 * Math.Abs(x - y) / 2, "--combine", "deviations", "--deviations", "2");

        void Check(Func<double, double, double> combine, params string[] words)
        {
            var combined = Scores(one, ["--with", other, .. words]);
            Assert.All(a.Zip(b, combine).Zip(combined), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
        }

        double[] Scores(string model, params string[] words) => [.. Succeed(["score", model, .. words, rankings]).TrimEnd('\n').Split('\n')
            .SelectMany(line => JsonNode.Parse(line)!["scores"]!.AsArray().Select(score => score!.GetValue<double>()))];
    }

    [Fact]
    public void Score_Raw_WritesLogits()
    {
        var rankings = TinyData.Rankings(folder);
        var plain = Succeed("score", one, rankings);
        var model = Pretrained.LoadRewardModel(one);
        model.Scale = new([0.5], [2]);
        ModelFolder.Save(one, model, TinyData.Tokenizer);
        Assert.NotEqual(plain, Succeed("score", one, rankings));
        var (expected, raw) = (First(plain), First(Succeed("score", one, rankings, "--raw")));
        Assert.Equal(expected, raw, 1e-5);
        Assert.Equal((expected - 0.5) / 2, First(Succeed("score", one, rankings)), 1e-5);

        static double First(string lines) => JsonNode.Parse(lines.Split('\n')[0])!["scores"]![0]!.GetValue<double>();
    }

    [Theory]
    [InlineData("""{"prompt":"a","completion":"b"}""", "evaluate reward reads comparisons")]
    [InlineData("""{"prompt":"a","completions":["b","c"],"ranks":[0,0]}""", "there is no pair in which annotators prefer one response")]
    [InlineData("""{"prompt":"a","chosen":"b","rejected":"b"}""", "there is no pair in which annotators prefer one response")]
    [InlineData("""{"prompt":"a","completions":["b","c"],"ranks":[null,null]}""",
        "there is no pair in which annotators prefer one response")]
    [InlineData("", "there is no pair in which annotators prefer one response")]
    public void EvaluateReward_NoComparisons_Fails(string line, string expected) =>
        Fail(expected, "evaluate", "reward", one, folder.Write("data.jsonl", line + "\n"));

    [Fact]
    public void EvaluateReward_BadArguments_Fails()
    {
        var rankings = TinyData.Rankings(folder);
        Fail("--ceiling must be from 0.5 to 1 (was 3).", "evaluate", "reward", one, rankings, "--ceiling", "3");
        Fail("`deviations` must be at least 0 (was -1).", "score", one, rankings, "--deviations", "-1");
        Fail("no reward head", "evaluate", "reward", LanguageModel(), rankings);
    }

    string LanguageModel()
    {
        using var random = new RandomSource(1);
        ModelFolder.Save(folder.File("lm"), Pretrained.NewLanguageModel(Config, random), TinyData.Tokenizer);
        return folder.File("lm");
    }

    string New(string name, ulong seed)
    {
        using var random = new RandomSource(seed);
        ModelFolder.Save(folder.File(name), Pretrained.NewRewardModel(Config, random), TinyData.Tokenizer);
        return folder.File(name);
    }

    static JsonObject Config => new ModelShape { Family = "llama", Layers = 1, Width = 32, Heads = 2, Context = 48 }
        .ToConfig(TinyData.Tokenizer.VocabularySize, TinyData.Tokenizer.BosId, TinyData.Tokenizer.EosId, TinyData.Tokenizer.PadId);
}
