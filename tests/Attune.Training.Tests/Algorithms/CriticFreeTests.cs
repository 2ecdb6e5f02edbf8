using Attune.Testing;
using Attune.Training.Algorithms;
using Attune.Training.Recipes;
using Attune.Training.Rewards;

namespace Attune.Training.Tests.Algorithms;

/// <summary>RLOO and REINFORCE as runs: they improve a rule's reward without a critic.</summary>
public sealed class CriticFreeTests : IDisposable
{
    readonly TinyRuns runs = new();

    public void Dispose() => runs.Dispose();

    [Fact]
    public void Rloo_Score_Rises() =>
        AssertRises("rloo", (RlooRecipe)runs.Recipe("rloo", "a", steps: 40) with { Updates = new() { SamplesPerPrompt = 4, Epochs = 2 } });

    [Theory]
    [InlineData(ReinforceBaseline.None)]
    [InlineData(ReinforceBaseline.Group)]
    [InlineData(ReinforceBaseline.Greedy)]
    public void Reinforce_Score_Rises(ReinforceBaseline baseline) => AssertRises(
        "reinforce", (ReinforceRecipe)runs.Recipe("reinforce", "a", steps: 40) with
        {
            Updates = new() { SamplesPerPrompt = 4, Epochs = 2 },
            Reinforce = new() { Baseline = baseline, NormalizeAdvantages = baseline != ReinforceBaseline.Greedy },
        });

    [Fact]
    public void LeaveOneOut_ThreeScores_AreRelativeToTheMeanOfTheOthers() => Numeric.Close(
        [-2, -0.5, 2.5], Training.Estimation.Advantages.LeaveOneOut([1, 2, 4], 3), "advantages", 1e-12);

    [Fact]
    public void Recipes_WithNothingToCompareWith_AreRefused()
    {
        Assert.Contains("`updates.samplesPerPrompt` must be at least 2", Error("rloo", (RlooRecipe)runs.Recipe("rloo", "a") with
        {
            Updates = new() { SamplesPerPrompt = 1 },
        }));
        var reinforce = (ReinforceRecipe)runs.Recipe("reinforce", "a");
        Assert.Contains("`updates.samplesPerPrompt` must be at least 2", Error("reinforce", reinforce with
        {
            Reinforce = new() { Baseline = ReinforceBaseline.Group },
            Updates = new() { SamplesPerPrompt = 1 },
        }));
        Assert.Contains("must not be greedy with scaled scores", Error("reinforce", reinforce with
        {
            Scores = new() { Scaling = ScoreScaling.Running },
        }));
        Assert.Contains("`updates.maxResamplings` must be 0 with updates.samplesPerPrompt 1", Error("reinforce", reinforce with
        {
            Updates = new() { MaxResamplings = 1 },
        }));
    }

    string Error(string method, IRecipe recipe) => Assert.Throws<InvalidDataException>(() => runs.Start(method, recipe)).Message;

    void AssertRises(string method, OnPolicyRecipe recipe)
    {
        var display = new RecordingDisplay();
        runs.Start(method, recipe with
        {
            RewardModel = "",
            Rewards = [new RegexReward { Pattern = "[aeiou]" }],
            Optimizer = new() { LearningRate = 3e-3 },
            Kl = new() { Coef = 0 },
        }, display);
        var (first, last) = (Score(display.Steps.Take(5)), Score(display.Steps.TakeLast(5)));
        Assert.True(last > first + 0.15, $"the score went from {first} to {last}");
    }

    static double Score(IEnumerable<IReadOnlyDictionary<string, double>> steps) => steps.Average(step => step["objective/scores"]);
}
