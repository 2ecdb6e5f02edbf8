using Attune.Data;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Estimation;
using Attune.Training.Policies;
using Attune.Training.Recipes;

namespace Attune.Training.Tests.Algorithms;

/// <summary>BCO as a run: its running mean, and the weights of prompts.</summary>
public sealed class BcoTests : IDisposable
{
    readonly TinyRuns runs = new();
    readonly TensorScope scope = TensorScope.Open();

    public void Dispose()
    {
        scope.Dispose();
        runs.Dispose();
    }

    [Fact]
    public void Delta_OfASplitStep_IsTheMeanRewardOfAllResponsesSoFar()
    {
        var recipe = (BcoRecipe)runs.Recipe("bco", "a", steps: 4);
        var display = new RecordingDisplay();
        runs.Start("bco", recipe with
        {
            Optimizer = recipe.Optimizer with { LearningRate = 3e-3 },
            Training = recipe.Training with { BatchSize = 36, MicroBatchSize = 5 },     // a step has all rows: 18 of each label
            Data = recipe.Data with { HeldOutShare = 0 },
            Bco = new(),
        }, display);
        Numeric.Close(Math.Log(2), display.Steps[0]["loss"], "loss", 1e-5);
        foreach (var (index, step) in display.Steps.Index())
            Numeric.Close(
                display.Steps.Take(index + 1).Average(past => (past["rewards/chosen"] + past["rewards/rejected"]) / 2), step["delta"],
                $"δ of step {index + 1}", 1e-5, 1e-4);
        Assert.NotEqual(0, display.Steps[^1]["delta"], 1e-4);
    }

    [Fact]
    public void PromptDensity_OfPromptsWithOneLabel_TellsThemApart()
    {
        var policy = new Policy(TinyModel.Gpt2(), TinyData.Tokenizer, new());
        TokenLabels[] train =
        [
            .. Enumerable.Range(0, 12).Select(i => new TokenLabels([[5, 6, 7 + i % 3, 20]], 3, [true])),
            .. Enumerable.Range(0, 12).Select(i => new TokenLabels([[25, 26, 27 + i % 3, 20]], 3, [false])),
            new([[8, 9, 20], [8, 9, 21]], 2, [true, false]),
        ];
        var density = PromptDensity.Fit(policy, new(train, [], new BatchOrder(train.Length, 2, 1), 1), sampleSize: 100, seed: 1);
        Assert.True(density.ProbabilityOf(train[0]) > 0.9);
        Assert.True(density.ProbabilityOf(train[12]) < 0.1);
        Assert.InRange(density.ProbabilityOf(train[^1]), 0.1, 0.9);
        Assert.Equal(0.5, Bco.DensityRatio(0.1, new()));
        Assert.Equal(10, Bco.DensityRatio(1, new()));
        Assert.Equal(3, Bco.DensityRatio(0.75, new()), 1e-6);
    }

    [Fact]
    public void PromptDensity_OfOneLabel_SaysWhatIsMissing()
    {
        var recipe = (BcoRecipe)runs.Recipe("bco", "a");
        var data = runs.PathTo("good.jsonl");
        File.WriteAllText(data, string.Concat(
            Enumerable.Repeat("""{"prompt":"The cat says","completion":" meow.","label":"up"}""" + "\n", 4)));
        var error = Assert.Throws<InvalidDataException>(() => runs.Start("bco", recipe with { Data = recipe.Data with { Train = data } }));
        Assert.Contains("all responses are desirable", error.Message, StringComparison.Ordinal);
    }

    /// <summary>At the minimum the gradient of the penalised loss, computed anew, is 0.</summary>
    [Theory]
    [InlineData(30, 50, 4)]
    [InlineData(8, 200, 300)]
    public void LogisticRegression_OfUnequalClasses_IsAtTheMinimum(int positives, int negatives, int width)
    {
        var random = new Random(1);
        var (positive, negative) = (Rows(positives, 0.5), Rows(negatives, -0.3));
        var fitted = LogisticRegression.Fit(positive, negative);
        var (n, gradient) = (positives + negatives, new double[width + 1]);
        foreach (var (row, isPositive) in positive.Select(row => (row, true)).Concat(negative.Select(row => (row, false))))
        {
            var weight = n / 2.0 / (isPositive ? positives : negatives);
            var slope = weight * (fitted.Probability(row) - (isPositive ? 1 : 0));
            for (var i = 0; i < width; i++)
                gradient[i] += slope * row[i];
            gradient[width] += slope;
        }
        var origin = Logit(new double[width]);
        for (var i = 0; i < width; i++)
            gradient[i] += Logit([.. Enumerable.Range(0, width).Select(j => i == j ? 1.0 : 0)]) - origin;
        Assert.All(gradient, slope => Assert.Equal(0, slope, 2e-4));

        List<double[]> Rows(int count, double mean) => [.. Enumerable.Range(0, count).Select(_ =>
            Enumerable.Range(0, width).Select(_ => mean + random.NextDouble() - 0.5).ToArray())];

        double Logit(double[] row) => fitted.Probability(row) is var p ? Math.Log(p / (1 - p)) : 0;
    }
}
