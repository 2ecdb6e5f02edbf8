using Attune.Testing;
using Attune.Training.Algorithms;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;
using Attune.Training.Recipes;
using Attune.Training.Rewards;

namespace Attune.Training.Tests.Algorithms;

/// <summary>GRPO as a run: it improves a rule's reward without a critic, and its options change what is learned.</summary>
public sealed class GrpoTests : IDisposable
{
    readonly TinyRuns runs = new();

    public void Dispose() => runs.Dispose();

    [Fact]
    public void Score_OfARule_RisesWithoutCriticAndReference()
    {
        var display = new RecordingDisplay();
        runs.Start("grpo", Recipe("a", steps: 60) with { Kl = new() { Coef = 0 } }, display);
        var (first, last) = (Score(display.Steps.Take(5)), Score(display.Steps.TakeLast(5)));
        Assert.True(last > first + 0.2, $"the score went from {first} to {last}");
        Assert.All(display.Steps, step => Assert.DoesNotContain("objective/kl", step.Keys));
        Assert.Matches("^score [^,]*, healthy$", display.Words[0]);
    }

    [Fact]
    public void GroupAdvantages_TwoGroups_AreRelativeToTheirOwnMean()
    {
        // Means 2 and 10, sample standard deviations √2 and 0.
        Numeric.Close(
            [-1 / (Math.Sqrt(2) + 1e-4), 1 / (Math.Sqrt(2) + 1e-4), 0, 0], Grpo.GroupAdvantages([1, 3, 10, 10], 2, scaleByStd: true),
                "scaled", 1e-9);
        Numeric.Close([-1, 1, 0, 0], Grpo.GroupAdvantages([1, 3, 10, 10], 2, scaleByStd: false), "centred", 1e-9);
    }

    [Fact]
    public void Options_EachByItself_ChangeTheOutcome()
    {
        byte[][] outcomes =
        [
            Outcome(Recipe("none")),
            Outcome(Recipe("clip-low") with { Grpo = new() { ClipLow = 0.001 } }),
            Outcome(Recipe("clip-high") with { Grpo = new() { ClipHigh = 0.001 } }),
            Outcome(Recipe("no-std") with { Grpo = new() { ScaleByStd = false } }),
            Outcome(Recipe("samples") with { Updates = new() { SamplesPerPrompt = 2, Epochs = 3 } }),
            Outcome(Recipe("kl") with { Kl = new() { Coef = 1, Estimator = KlEstimator.K3, In = KlPlace.Loss } }),
            Outcome(Recipe("kl-in-reward") with { Kl = new() { Coef = 1, Estimator = KlEstimator.K3, In = KlPlace.Reward } }),
        ];
        Assert.Equal(outcomes.Length, outcomes.Select(Convert.ToHexString).Distinct().Count());
    }

    GrpoRecipe Recipe(string output, int steps = 2) => (GrpoRecipe)runs.Recipe("grpo", output, steps) with
    {
        RewardModel = "",
        Rewards = [new RegexReward { Pattern = "[aeiou]" }],
        Optimizer = new() { LearningRate = 3e-3 },
        Updates = new() { SamplesPerPrompt = 4, Epochs = 3 },
    };

    byte[] Outcome(GrpoRecipe recipe) => TinyRuns.Weights(runs.Start("grpo", recipe));

    static double Score(IEnumerable<IReadOnlyDictionary<string, double>> steps) => steps.Average(step => step["objective/scores"]);
}
