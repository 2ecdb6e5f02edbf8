using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Policies;
using Attune.Training.Recipes;

namespace Attune.Training.Tests.Algorithms;

/// <summary>DPO as a run: what it learns, where its reference comes from, and what its options change.</summary>
public sealed class DpoTests : IDisposable
{
    readonly TinyRuns runs = new(layers: 2);

    public void Dispose() => runs.Dispose();

    [Fact]
    public void Loss_BeforeTraining_IsLogTwoAndTheChosenResponseGainsWithTraining()
    {
        var display = new RecordingDisplay();
        runs.Start("dpo", Recipe("a", steps: 30), display);
        Numeric.Close(Math.Log(2), display.Steps[0]["loss"], "loss", 1e-5);
        Assert.Equal(0, display.Steps[0]["rewards/margins"], 1e-5);
        Assert.True(display.Steps[^1]["rewards/margins"] > 0.1, $"the margin is {display.Steps[^1]["rewards/margins"]}");
        Assert.True(display.Steps[^1]["loss"] < display.Steps[0]["loss"]);
    }

    [Fact]
    public void Reference_PrecomputedOrKept_GivesTheSameModel()
    {
        var kept = runs.Start("dpo", Recipe("kept"));
        var precomputed = runs.Start("dpo", Recipe("precomputed") with { Reference = new() { Kind = ReferenceKind.Precomputed } });
        Numeric.Close(Weights(kept.Model), Weights(precomputed.Model), "weights", 1e-5, 1e-4);
    }

    [Fact]
    public void Options_EachByItself_ChangeTheOutcome()
    {
        byte[][] outcomes =
        [
            Outcome(Recipe("none")),
            Outcome(Recipe("beta") with { Dpo = new() { Beta = 0.5 } }),
            Outcome(Recipe("smoothing") with { Dpo = new() { LabelSmoothing = 0.2 } }),
            Outcome(Recipe("synchronised") with { Reference = new() { Kind = ReferenceKind.Synchronised, SyncRate = 0.5 } }),
            Outcome(Recipe("adapter") with { Parameters = new() { Lora = new() { Rank = 2 } } }),
        ];
        Assert.Equal(outcomes.Length, outcomes.Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public void SequenceLogprobs_OfAPaddedBatch_AreThoseOfEachResponseAlone()
    {
        using var scope = TensorScope.Open();
        var policy = new Policy(TinyModel.Gpt2(), TinyData.Tokenizer, new());
        using var noGrad = Autograd.NoGrad();
        var responses = Responses.From([new([5, 6, 7], ""), new([8], "")], [[9, 10], [11, 12, 13, 14]], Device.Cpu);
        var together = policy.SequenceLogprobs(responses).ToArray<float>();
        for (var row = 0; row < 2; row++)
            Numeric.Close(policy.SequenceLogprobs(responses.Select([row])).Item(), together[row], $"row {row}", 1e-5, 1e-5);
    }

    [Fact]
    public void EncoderDecoder_LearnsTheComparisonsToo()
    {
        using var t5 = new TinyRuns("t5");
        var display = new RecordingDisplay();
        var recipe = (DpoRecipe)t5.Recipe("dpo", "a", steps: 40);
        t5.Start("dpo", recipe with { Optimizer = recipe.Optimizer with { LearningRate = 1e-2 } }, display);
        Numeric.Close(Math.Log(2), display.Steps[0]["loss"], "loss", 1e-5);
        Assert.True(display.Steps.TakeLast(5).Average(step => step["rewards/accuracies"]) > 0.8);
    }

    DpoRecipe Recipe(string output, int steps = 3)
    {
        var recipe = (DpoRecipe)runs.Recipe("dpo", output, steps);
        return recipe with { Optimizer = recipe.Optimizer with { LearningRate = 3e-3 } };
    }

    byte[] Outcome(DpoRecipe recipe) => TinyRuns.Weights(runs.Start("dpo", recipe));

    static double[] Weights(string model)
    {
        using var scope = TensorScope.Open();
        return [.. Attune.Models.Checkpoints.Pretrained.LoadLanguageModel(model).Parameters
            .SelectMany(parameter => parameter.Value.ToArray<float>()).Select(weight => (double)weight)];
    }
}
