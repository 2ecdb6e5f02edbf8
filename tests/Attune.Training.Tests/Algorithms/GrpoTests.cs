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
    public void OfGroups_TwoGroups_AreRelativeToTheirOwnMean()
    {
        // Means 2 and 10, sample standard deviations √2 and 0, that of all √(70/3).
        double[] scores = [1, 3, 10, 10];
        var (group, batch) = (Math.Sqrt(2) + 1e-4, Math.Sqrt(22) + 1e-4);
        Numeric.Close([-1 / group, 1 / group, 0, 0], Advantages.OfGroups(scores, 2, RewardScale.Group), "group", 1e-9);
        Numeric.Close([-1 / batch, 1 / batch, 0, 0], Advantages.OfGroups(scores, 2, RewardScale.Batch), "batch", 1e-9);
        Numeric.Close([-1, 1, 0, 0], Advantages.OfGroups(scores, 2, RewardScale.None), "none", 1e-9);
    }

    [Theory]
    [InlineData(GrpoLoss.Grpo, RatioLevel.Sequence)]
    [InlineData(GrpoLoss.Dapo, RatioLevel.SequenceToken)]
    [InlineData(GrpoLoss.DrGrpo, RatioLevel.Token)]
    [InlineData(GrpoLoss.Luspo, RatioLevel.Product)]
    [InlineData(GrpoLoss.Sapo, RatioLevel.Token)]
    [InlineData(GrpoLoss.Vespo, RatioLevel.Token)]
    [InlineData(GrpoLoss.Gmpo, RatioLevel.Token)]
    [InlineData(GrpoLoss.Dapo, RatioLevel.Token)]
    public void MicroBatches_OfAnUpdate_GiveTheGradientOfTheWhole(GrpoLoss loss, RatioLevel level)
    {
        var (whole, parts) = (Step("whole", 0), Step("parts", 3));
        foreach (var metric in (string[])["loss", "loss/kl", "policy/entropy", "grad_norm"])
            Numeric.Close(whole[metric], parts[metric], metric, 1e-6, 1e-4);

        IReadOnlyDictionary<string, double> Step(string output, int size)
        {
            var display = new RecordingDisplay();
            var recipe = Recipe(output, steps: 1);
            runs.Start("grpo", recipe with
            {
                Training = recipe.Training with { MicroBatchSize = size },
                Grpo = new()
                {
                    Loss = loss,
                    ImportanceSamplingLevel = level,
                    DivergenceType = (loss, level) is (GrpoLoss.Dapo, RatioLevel.Token) ? DivergenceType.BinaryTv : DivergenceType.None,
                    Covariance = new() { ClipCovRatio = 0.2, ClipCovLb = -100, ClipCovUb = 100, KlCovRatio = 0.2 },
                    EntropyCoef = 0.1,
                    TopEntropyQuantile = 0.5,
                },
                Kl = new() { Coef = 1, Estimator = KlEstimator.K3, In = KlPlace.Loss },
            }, display);
            return display.Steps[0];
        }
    }

    [Fact]
    public void NormalizeThenSum_WithOneRewardOrShapedScores_IsRefused()
    {
        var grpo = new GrpoOptions { MultiObjectiveAggregation = RewardAggregation.NormalizeThenSum };
        var error = Assert.Throws<InvalidDataException>(() => runs.Start("grpo", Recipe("a") with { Grpo = grpo }));
        Assert.Contains("`grpo.multiObjectiveAggregation` must be sumThenNormalize with one reward", error.Message);
        error = Assert.Throws<InvalidDataException>(() => runs.Start("grpo", Recipe("a") with
        {
            Grpo = grpo,
            Rewards = [new RegexReward { Pattern = "a" }, new LengthReward()],
            Scores = new() { Clip = 1 },
        }));
        Assert.Contains("must be sumThenNormalize with options of scores", error.Message);
    }

    [Fact]
    public void DivergenceType_WithALossThatDoesNotClip_IsRefused()
    {
        var grpo = new GrpoOptions { Loss = GrpoLoss.Cispo, DivergenceType = DivergenceType.BinaryKl };
        var error = Assert.Throws<InvalidDataException>(() => runs.Start("grpo", Recipe("a") with { Grpo = grpo }));
        Assert.Contains("`grpo.divergenceType` must be none unless loss is dapo", error.Message);
    }

    [Fact]
    public void OfRewards_OneIsAThousandTimesAsLarge_HasTheSameSay()
    {
        double[] first = [1, 0, 0, 1, 1, 0], second = [0, 3, 2, 5, 5, 1];
        var advantages = Advantages.OfRewards([(first, 1), (second, 1)], 3);
        Numeric.Close(advantages, Advantages.OfRewards([(first, 1), ([.. second.Select(score => 1000 * score)], 1)], 3), "scale", 1e-3);
        Assert.NotEqual(advantages[1], Advantages.OfRewards([(first, 1), (second, 2)], 3)[1], tolerance: 0.1);
    }

    GrpoRecipe Recipe(string output, int steps = 2) => (GrpoRecipe)runs.Recipe("grpo", output, steps) with
    {
        RewardModel = "",
        Rewards = [new RegexReward { Pattern = "[aeiou]" }],
        Optimizer = new() { LearningRate = 3e-3 },
        Updates = new() { SamplesPerPrompt = 4, Epochs = 3 },
        Grpo = new(),
    };

    static double Score(IEnumerable<IReadOnlyDictionary<string, double>> steps) => steps.Average(step => step["objective/scores"]);
}
