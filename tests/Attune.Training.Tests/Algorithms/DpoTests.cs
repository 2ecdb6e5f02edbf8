using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Parameters;
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
            Outcome(Recipe("loss") with { Dpo = new() { Loss = [DpoLoss.Ipo] } }),
            Outcome(Recipe("no reference") with { Dpo = new() { ReferenceFree = true } }),
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

    [Theory]
    [InlineData("dpo")]
    [InlineData("cpo")]
    [InlineData("orpo")]
    [InlineData("tpo")]
    public void EncoderDecoder_LearnsTheComparisonsToo(string method)
    {
        using var t5 = new TinyRuns("t5");
        var display = new RecordingDisplay();
        var recipe = (OfflineRecipe)t5.Recipe(method, "a", steps: 40);
        t5.Start(method, recipe with { Optimizer = recipe.Optimizer with { LearningRate = 1e-2 } }, display);
        Assert.True(display.Steps.TakeLast(5).Average(step => step["rewards/accuracies"]) > 0.8);
    }

    [Theory]
    [InlineData("dpo")]
    [InlineData("cpo")]
    [InlineData("orpo")]
    [InlineData("tpo")]
    public void Loss_InBfloat16_IsNearThatInFloat32(string method)
    {
        Numeric.Close(First("float32"), First("bfloat16"), "loss", 0.02, 0.02);

        double First(string dtype)
        {
            var display = new RecordingDisplay();
            var recipe = (OfflineRecipe)runs.Recipe(method, dtype, steps: 1);
            runs.Start(method, recipe with { Run = recipe.Run with { Dtype = dtype } }, display);
            return display.Steps[0]["loss"];
        }
    }

    /// <summary>As TRL's SyncRefModelCallback: after steps 2, 4 …, π_ref ← 0.6 π + 0.4 π_ref.</summary>
    [Fact]
    public void Sync_EveryTwoSteps_MixesThePolicyIn()
    {
        using var scope = TensorScope.Open();
        var model = TinyModel.Gpt2();
        var policy = new Policy(model, TinyData.Tokenizer, new());
        var options = new ReferenceOptions { Kind = ReferenceKind.Synchronised, SyncEvery = 2, SyncRate = 0.6 };
        var reference = new Reference(options, policy, TrainedParameters.Select(model, new(), seed: 1), () => policy);
        using var lease = reference.Use();
        var (own, leader) = (lease.Policy.Model.Backbone.TokenEmbedding.Value, model.Backbone.TokenEmbedding.Value);
        var before = own.ToArray<float>();
        using (Autograd.NoGrad())
            leader.FillInPlace(1);
        reference.Sync(1);
        Assert.Equal(before, own.ToArray<float>());
        reference.Sync(2);
        Numeric.Close(Array.ConvertAll(before, x => 0.6 + 0.4 * x), own.ToArray<float>(), "weights of the reference", 1e-6, 1e-6);
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
