using Attune.Data;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Recipes;
using Attune.Training.Rewards;

namespace Attune.Training.Tests.Rewards;

/// <summary>Scores of a process reward model as rewards of tokens and of responses.</summary>
public sealed class StepRewardTests : IDisposable
{
    const string Prompt = "The cat says";

    readonly TinyRuns runs = new();
    readonly TensorScope scope = TensorScope.Open();
    readonly string model;

    public StepRewardTests() => model = runs.Start("prm", runs.Recipe("prm", "prm", steps: 20)).Model;

    public void Dispose()
    {
        scope.Dispose();
        runs.Dispose();
    }

    [Theory]
    [InlineData(StepScore.Min, 0.5, new[] { 0.75, -0.25, 0.0 })]
    [InlineData(StepScore.Product, 0.3, new[] { 0.75, -0.375, -0.075 })]
    [InlineData(StepScore.Last, 0.8, new[] { 0.75, -0.25, 0.3 })]
    public void Rewards_OfSteps_AreTheChangesOfTheScoreAndAddUpToIt(StepScore how, double score, double[] rewards)
    {
        double[] steps = [0.75, 0.5, 0.8];
        Assert.Equal(score, how.Combine(steps), 1e-12);
        Numeric.Close(rewards, how.Rewards(steps), "rewards", 1e-12);
        Assert.Equal(score, how.Rewards(steps).Sum(), 1e-12);
    }

    [Theory]
    [InlineData("meow\nwoof\nmoo", 3)]
    [InlineData("meow\nwoof\n", 2)]
    [InlineData("meow", 1)]
    [InlineData("", 1)]
    public void Score_Response_RewardsEachStepAtItsLastToken(string response, int steps)
    {
        var rollouts = Rewarded.Rollouts(Prompt, response, "woof");
        var row = Source(new() { Steps = StepScore.Product }).Score(rollouts).Rows[0];
        var probabilities = Probabilities(response);
        Assert.Equal(steps, probabilities.Length);
        var tokens = rollouts.Completions[0].Tokens;
        Assert.Equal(tokens.Length, row.Length);
        var expected = new double[row.Length];
        var rewards = StepScore.Product.Rewards(probabilities);
        var end = 0;
        foreach (var (i, part) in response.Split('\n', StringSplitOptions.RemoveEmptyEntries).DefaultIfEmpty("").Index())
        {
            end += TinyData.Tokenizer.Encode(part).Length + 1;                            // a line break is a token of its own
            expected[i == steps - 1 ? row.Length - 1 : end - 1] = rewards[i];
        }
        Numeric.Close(expected, row, "rewards", 1e-6);
    }

    [Fact]
    public void Score_NotPerStep_IsOneNumberThatTheRewardsOfStepsAddUpTo()
    {
        var rollouts = Rewarded.Rollouts(Prompt, "meow\nwoof\nmoo", "meow");
        foreach (var how in Enum.GetValues<StepScore>())
        {
            var dense = Source(new() { Steps = how }).Score(rollouts);
            var whole = Source(new() { Steps = how, PerStep = false }).Score(rollouts);
            Assert.All(whole.Rows, row => Assert.Single(row));
            Numeric.Close(whole.Totals, dense.Totals, $"{how}", 1e-9);
        }
    }

    [Fact]
    public void Score_StepsOfABatch_AreThoseOfEachResponseAlone()
    {
        var together = Source(new()).Score(Rewarded.Rollouts(Prompt, "meow\nwoof\nmoo", "meow")).Totals;
        Numeric.Close(Source(new()).Score(Rewarded.Rollouts(Prompt, "meow\nwoof\nmoo")).Totals[0], together[0], "score", 1e-6);
        Numeric.Close(Source(new()).Score(Rewarded.Rollouts(Prompt, "meow")).Totals[0], together[1], "score", 1e-6);
    }

    [Fact]
    public void Build_KeysOfStepsWithAModelOfWholeResponses_IsAnError()
    {
        var error = Assert.Throws<InvalidDataException>(
            () => new ModelReward { Model = runs.RewardModel, PerStep = true }.Build(Rewarded.Context()));
        Assert.Contains("steps and perStep are for a process reward model", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<InvalidDataException>(
            () => new ModelReward { Models = [runs.RewardModel, model] }.Build(Rewarded.Context()));
        Assert.Contains("cannot be a member of an ensemble", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ppo_WithRewardsOfSteps_LearnsAndResumesToTheSameBits()
    {
        var recipe = (PpoRecipe)runs.Recipe("ppo", "whole", steps: 4) with { RewardModel = model };
        var display = new RecordingDisplay();
        var whole = runs.Start("ppo", recipe, display);
        Assert.All(display.Steps, step => Assert.InRange(step["objective/scores"], 0, 1));
        var stopped = new RecordingDisplay(cancelAfter: 2);
        Assert.Throws<OperationCanceledException>(
            () => runs.Start("ppo", recipe with { Run = ((PpoRecipe)runs.Recipe("ppo", "parts", steps: 4)).Run }, stopped, stopped.Token));
        Assert.Equal(TinyRuns.Weights(whole), TinyRuns.Weights(runs.Resume("parts")));
    }

    [Fact]
    public void Ppo_CriticThatStartsAsAProcessRewardModel_Trains()
    {
        var display = new RecordingDisplay();
        var recipe = (PpoRecipe)runs.Recipe("ppo", "critic", steps: 2) with { RewardModel = model };
        runs.Start("ppo", recipe with { Critic = new() { Kind = CriticKind.Model } }, display);
        Assert.All(display.Steps, step => Assert.True(double.IsFinite(step["loss/value"])));
    }

    [Fact]
    public void Grpo_WithAProcessRewardModel_GivesFiniteScores()
    {
        var display = new RecordingDisplay();
        runs.Start("grpo", (GrpoRecipe)runs.Recipe("grpo", "grpo", steps: 2) with { RewardModel = model }, display);
        Assert.All(display.Steps, step => Assert.InRange(step["objective/scores"], 0, 1));
    }

    [Fact]
    public void Scorer_OfDataFiles_DividesCompletionsAtTheSeparator()
    {
        var scorer = RewardScorer.Load([model], Device.Cpu, DType.Float32, new(), StepScore.Product);
        var origin = new Origin("data", 1);
        var scored = scorer.Score(
        [
            new StepwiseExample(origin, Prompt, ["meow", "woof"], [true, false]),
            new Demonstration(origin, Prompt, "meow\nwoof"),
            new ComparisonExample(origin, Prompt, ["meow\nwoof", "moo"], ComparisonSet.FromRanks(0, 1)),
        ]);
        Assert.True(scorer.HasSteps);
        Assert.Equal([1, 1, 2], scored.Select(own => own.Length));
        Assert.All(scored, own => Numeric.Close(Probabilities("meow\nwoof"), [.. own[0].Steps!], "steps", 1e-6));
        Assert.Equal(scored[0][0].Steps!.Aggregate(1.0, (product, step) => product * step), scored[0][0].Score, 1e-9);
        Assert.Throws<InvalidDataException>(() => scorer.Score([new Document(origin, "text")]));
        Assert.Throws<InvalidDataException>(() => RewardScorer.Load([model, runs.RewardModel], Device.Cpu, DType.Float32, new()));
        Assert.Throws<InvalidDataException>(
            () => RewardScorer.Load([runs.RewardModel], Device.Cpu, DType.Float32, new(), StepScore.Last));
    }

    IRewardSource Source(ModelReward reward) => (reward with { Model = model }).Build(Rewarded.Context());

    /// <summary>The probabilities of the steps of a response, computed one by one: each from the tokens up to its end.</summary>
    double[] Probabilities(string response)
    {
        var prm = ModelFolder.LoadRewardModel(model, Device.Cpu);
        List<int> tokens = [.. TinyData.Tokenizer.Encode(Prompt)];
        return [.. response.Split('\n', StringSplitOptions.RemoveEmptyEntries).DefaultIfEmpty("").Select(step =>
        {
            tokens.AddRange([.. TinyData.Tokenizer.Encode(step), .. TinyData.Tokenizer.Encode("\n")]);
            var input = Batches.TensorBatch.Padded([[.. tokens]], 0, Device.Cpu);
            return prm.StepLogits(input).Softmax(-1).ToArray<float>()[^1];
        }).Select(probability => (double)probability)];
    }
}
