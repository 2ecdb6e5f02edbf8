using System.Text.Json.Nodes;
using Attune.Data;
using Attune.Models.Checkpoints;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Parameters;
using Attune.Training.Recipes;
using Attune.Training.Rewards;
using MathNet.Numerics.Statistics;

namespace Attune.Training.Tests.Rewards;

public sealed class RewardNormalisationTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();
    readonly TemporaryFolder folder = new();
    readonly TinyRuns runs = new();

    public void Dispose()
    {
        runs.Dispose();
        folder.Dispose();
        scope.Dispose();
    }

    [Fact]
    public void LogitsAndScoresDifferByWhatConfigJsonSaysAndByNothingElse()
    {
        var (reward, display) = Train("a", new() { Samples = 40 });
        Assert.Contains(display.Notices, notice => notice.StartsWith("scores are normalised on 40 responses of", StringComparison.Ordinal));
        var (model, config) = (Pretrained.LoadRewardModel(reward), Pretrained.ReadConfig(reward));
        var (shift, scale) =
            (config["attune_reward"]!["shift"]![0]!.GetValue<double>(), config["attune_reward"]!["scale"]![0]!.GetValue<double>());
        var input = TensorBatch.Padded([[5, 6, 7], [9, 8]], 0, Device.Cpu);
        var (scores, tokens) = (model.Score(input).ToArray<float>(), model.ScoreTokens(input).ToArray<float>());
        config.Remove("attune_reward");
        File.WriteAllText(Path.Combine(reward, "config.json"), config.ToJsonString());
        var plain = Pretrained.LoadRewardModel(reward);
        Numeric.Close([.. plain.Score(input).ToArray<float>().Select(logit => (logit - shift) / scale)], scores, "scores", 1e-5, 1e-5);
        Numeric.Close(
            [.. plain.ScoreTokens(input).ToArray<float>().Select(logit => (logit - shift) / scale)], tokens, "scores of tokens", 1e-5,
            1e-5);
        Assert.True(Math.Abs(shift) > 1e-4 && Math.Abs(scale - 1) > 1e-4);
    }

    [Fact]
    public void AnswersOfTheDataHaveMeanZeroAndDeviationOneByEveryHead()
    {
        var (reward, _) = Train("a", new() { By = NormalisedBy.Answers, Samples = 108 }, heads: 2);
        var scores = Heads(reward, [.. Dataset.Read(TinyData.Rankings(folder))]);
        for (var head = 0; head < 2; head++)
        {
            Assert.Equal(0, scores.Average(row => row[head]), 1e-4);
            Assert.Equal(1, scores.Select(row => row[head]).PopulationStandardDeviation(), 1e-4);
        }
    }

    [Fact]
    public void DemonstrationsScoreZeroAndTheUnitStays()
    {
        var file = TinyData.Demonstrations(folder);
        var (reward, _) = Train("a", new() { By = NormalisedBy.Demonstrations, Demonstrations = file });
        Assert.Equal(0, Heads(reward, [.. Dataset.Read(file)]).Average(row => row[0]), 1e-4);
        Assert.Equal([1], Pretrained.LoadRewardModel(reward).Scale!.Scale);
    }

    [Fact]
    public void WithoutNormalisationConfigJsonSaysNothing()
    {
        var (reward, _) = Train("a", new() { By = NormalisedBy.None });
        Assert.Null(Pretrained.ReadConfig(reward)["attune_reward"]);
    }

    [Fact]
    public void WhereNothingCanWriteTheAnswersOfTheDataAreMeasured()
    {
        var display = new RecordingDisplay();
        runs.Start("reward an encoder", runs.Recipe("reward an encoder", "judge", steps: 1), display);
        Assert.Contains(
            display.Notices, notice => notice.StartsWith("scores are normalised on 256 responses of the data", StringComparison.Ordinal));
    }

    [Fact]
    public void TrainingGoesOnFromLogitsAndTheLanguageModelInAFolderForgetsTheScale()
    {
        var (reward, _) = Train("a", new() { Samples = 10 });
        using var random = new RandomSource(1);
        Assert.Null(Pretrained.RewardModelFrom(reward, random).Scale);
        var language = Pretrained.LoadLanguageModel(reward);
        Pretrained.Save(folder.File("lm"), language);
        Assert.Null(Pretrained.ReadConfig(folder.File("lm"))["attune_reward"]);
    }

    [Fact]
    public void AnAdapterAloneKeepsHeadsAndScale()
    {
        var recipe = (RewardRecipe)runs.Recipe("reward", "lora", steps: 2);
        recipe = recipe with { Parameters = new() { Lora = new() { Rank = 2, Merge = false } }, Reward = new() { Heads = 2 },
            Normalise = new() { Samples = 10 } };
        var reward = runs.Start("reward", recipe).Model;
        var model = Pretrained.LoadRewardModel(reward);
        Assert.Equal(2, model.HeadCount);
        Assert.Equal(2, model.Scale!.Shift.Distinct().Count());
        var merged =
            runs.Start("reward",
            recipe with { Run = recipe.Run with { Output = runs.PathTo("merged") },
            Parameters = new() { Lora = new() { Rank = 2 } } }).Model;
        var input = TensorBatch.Padded([[5, 6, 7]], 0, Device.Cpu);
        Numeric.Close(
            [.. Pretrained.LoadRewardModel(merged).ScoreHeads(input).ToArray<float>().Select(score => (double)score)],
            model.ScoreHeads(input).ToArray<float>(), "scores", 1e-4, 1e-4);
    }

    [Theory]
    [InlineData("""{"heads":1,"shift":[1,2],"scale":[1]}""", "a shift and a scale above 0 for each of 1 heads (was 2 and 1)")]
    [InlineData("""{"heads":1,"shift":[1],"scale":[0]}""", "a scale above 0")]
    [InlineData("""{"heads":1,"shift":["a"],"scale":[1]}""", "'attune_reward.shift' must be a list of numbers")]
    [InlineData("""{"heads":1,"shift":[1]}""", "'attune_reward.scale' must be a list of numbers")]
    [InlineData("""{"heads":0}""", "'attune_reward.heads' must be a whole number from 1 to 1024 (was 0)")]
    [InlineData("""{"heads":3}""", "has no reward head (ensemble.head_1.score.weight)")]
    [InlineData("""[1]""", "'attune_reward' must be an object")]
    public void ADamagedScaleIsSaid(string json, string expected)
    {
        var config = Pretrained.ReadConfig(runs.RewardModel);
        config["attune_reward"] = JsonNode.Parse(json);
        File.WriteAllText(Path.Combine(runs.RewardModel, "config.json"), config.ToJsonString());
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => Pretrained.LoadRewardModel(runs.RewardModel)).Message);
    }

    [Theory]
    [InlineData("by=demonstrations", "demonstrations=/nowhere.jsonl",
        "`normalise.demonstrations` must be an existing file or folder (was /nowhere.jsonl)")]
    [InlineData("by=policy", "policy=/nowhere", "`normalise.policy` must be an existing folder (was /nowhere)")]
    [InlineData("by=policy", "policy=RM", "must be a folder with a model that can generate text")]
    [InlineData("by=answers", "policy=/nowhere", "`normalise.policy` must be empty unless by is policy")]
    public void WhatCannotBeMeasuredIsSaidBeforeTraining(string by, string other, string expected)
    {
        string[] words =
            [$"model={runs.LanguageModel}", $"data.train={TinyData.Rankings(folder)}", $"run.output={folder.File("run")}", "run.device=cpu",
            "training.steps=1"];
        var display = new RecordingDisplay();
        var error = Assert.ThrowsAny<Exception>(() =>
        {
            var (method, recipe) =
                RecipeReader.Read(
                "reward", null,
                [.. words, $"normalise.{by}", $"normalise.{other.Replace("RM", runs.RewardModel, StringComparison.Ordinal)}"]);
            RecipeRunner.Start(method, recipe, display, default);
        });
        Assert.Contains(expected, error.Message);
        Assert.Empty(display.Steps);
    }

    public static TheoryData<string> Options =>
        ["by=none", "by=answers", "samples=20", "sampling.temperature=0.1", "sampling.maxNewTokens=2"];

    [Theory]
    [MemberData(nameof(Options))]
    public void EveryOptionChangesTheScale(string option)
    {
        var data = TinyData.Rankings(folder);
        Assert.NotEqual(Scale("plain"), Scale("other", $"normalise.{option}"));

        string? Scale(string name, params string[] words)
        {
            var (method, recipe) =
                RecipeReader.Read(
                "reward", null,
                [$"model={runs.LanguageModel}", $"data.train={data}", $"run.output={folder.File(name)}", "run.device=cpu",
                "training.steps=1", "normalise.samples=40", .. words]);
            return Pretrained.ReadConfig(RecipeRunner.Start(method, recipe, new RecordingDisplay(),
                default).Model)["attune_reward"]?.ToJsonString();
        }
    }

    (string Model, RecordingDisplay Display) Train(string name, NormalisationOptions normalise, int heads = 1)
    {
        var display = new RecordingDisplay();
        var recipe = (RewardRecipe)runs.Recipe("reward", name, steps: 3);
        recipe = recipe with { Reward = new() { Heads = heads }, Normalise = normalise,
            Optimizer = recipe.Optimizer with { LearningRate = 1e-3 }, Data = recipe.Data with { HeldOutShare = 0 } };
        return (runs.Start("reward", recipe, display).Model, display);
    }

    static double[][] Heads(string folder, IReadOnlyList<Example> examples)
    {
        var tokenizer = ModelFolder.LoadTokenizer(folder);
        var encoder = new TextEncoder(tokenizer, 48);
        return new RewardModelSource(Pretrained.LoadRewardModel(folder), tokenizer, tokenizer)
            .ScoreHeads([.. examples.SelectMany(encoder.EncodeForScoring)]);
    }
}
