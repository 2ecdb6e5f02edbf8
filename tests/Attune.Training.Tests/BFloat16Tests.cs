using Attune.Models.Checkpoints;
using Attune.Reporting.Runs;
using Attune.Reporting.Studies;
using Attune.Testing;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Recipes;
using Attune.Training.Runs;
using Attune.Training.Studies;

namespace Attune.Training.Tests;

/// <summary>Training in bfloat16, and <c>run.dtype: auto</c>.</summary>
public sealed class BFloat16Tests : IDisposable
{
    readonly TinyRuns runs = new();

    public void Dispose() => runs.Dispose();

    [Fact]
    public void Auto_NewRun_RecordsTheTypeOfTheDevice()
    {
        var recipe = In(new RunOptions().Dtype, runs.Recipe("sft", "a", steps: 1));
        Assert.Equal("auto", recipe.Run.Dtype);
        var run = runs.Start("sft", recipe);
        Assert.Contains($"  dtype: \"{Device.Cpu.FastestDType.Name()}\"", File.ReadAllLines(run.Recipe));
    }

    [Fact]
    public void Auto_StartedRun_KeepsItsTypeAndResumesToTheSameBits()
    {
        var whole = runs.Start("ppo", InBFloat16(runs.Recipe("ppo", "whole")));
        var display = new RecordingDisplay(cancelAfter: 3);
        Assert.Throws<OperationCanceledException>(
            () => runs.Start("ppo", InBFloat16(runs.Recipe("ppo", "parts")), display, display.Token));
        var second = new RecordingDisplay();
        var resumed = RecipeRunner.StartOrResume(In("auto", runs.Recipe("ppo", "parts")), second, CancellationToken.None);
        Assert.Equal((3, 6), second.Began);
        Assert.Equal(TinyRuns.Weights(whole), TinyRuns.Weights(resumed));
        Assert.DoesNotContain(second.Notices, notice => notice.Contains("differs", StringComparison.Ordinal));
        Assert.All(RunSession.Read(resumed), session => Assert.Equal("bfloat16", session.Values["dtype"]));
    }

    [Fact]
    public void Auto_RunOfAStudy_IsNoConflictWithItsRecordedType()
    {
        var recipe = In("auto", runs.Recipe("sft", "a", steps: 1));
        var folder = runs.Start("sft", InBFloat16(recipe));
        var run = new StudyRun(new() { Name = "a" }, 5, folder, 1);
        Assert.Null(new PlannedRun(run, MethodCatalog.For(recipe), recipe).Conflict());
        Assert.Contains("float32", new PlannedRun(run, MethodCatalog.For(recipe), In("float32", recipe)).Conflict());
    }

    /// <summary>Methods that sample do not: each worker samples in a batch of its own, which rounds otherwise.</summary>
    [Theory]
    [InlineData("sft")]
    [InlineData("reward")]
    [InlineData("dpo")]
    public void Workers_TrainToTheBitsOfOneThread(string method)
    {
        Assert.Equal(TinyRuns.Weights(Train("one", 1)), TinyRuns.Weights(Train("two", 2)));

        RunFolder Train(string output, int workers) => runs.Start(method, WithoutDropout(InBFloat16(runs.Recipe(method, output, steps: 3)),
            run => run with { Threads = 1 }, training => training with { BatchSize = 7, Workers = workers }));
    }

    [Fact]
    public void Checkpoint_IsOfTheFloat32Weights()
    {
        var run = runs.Start("sft", InBFloat16(runs.Recipe("sft", "a", steps: 2)));
        using var scope = TensorScope.Open();
        var weights = Pretrained.LoadLanguageModel(run.Model, dtype: null).NamedParameters()
            .Where(parameter => parameter.Value.Shape.Length > 1).ToList();
        Assert.NotEmpty(weights);
        Assert.All(weights, parameter =>
        {
            var stored = parameter.Value.Value;
            Assert.Equal(DType.Float32, stored.DType);
            Assert.NotEqual(stored.ToArray<float>(), stored.To(DType.BFloat16).To(DType.Float32).ToArray<float>());
        });
    }

    [Theory]
    [InlineData("sft")]
    [InlineData("reward")]
    [InlineData("dpo")]
    public void OfflineMethod_FirstSteps_AreThoseOfFloat32WithinRounding(string method)
    {
        var (wide, narrow) = (Steps("float32"), Steps("bfloat16"));
        foreach (var (expected, found) in wide.Zip(narrow))
        {
            Numeric.Close(expected["loss"], found["loss"], $"loss, {method}", 1e-3, 0.02);
            Numeric.Close(expected["grad_norm"], found["grad_norm"], $"norm of the gradient, {method}", 1e-3, 0.05);
        }

        List<IReadOnlyDictionary<string, double>> Steps(string dtype)
        {
            var display = new RecordingDisplay();
            runs.Start(method, In(dtype, runs.Recipe(method, dtype, steps: 4)), display);
            return display.Steps;
        }
    }

    [Fact]
    public void Lora_FirstStep_IsThatOfFloat32WithinRounding()
    {
        var (wide, narrow) = (Step("float32"), Step("bfloat16"));
        Numeric.Close(wide["loss"], narrow["loss"], "loss", 1e-3, 0.02);
        Numeric.Close(wide["grad_norm"], narrow["grad_norm"], "norm of the gradient", 1e-3, 0.05);

        IReadOnlyDictionary<string, double> Step(string dtype)
        {
            var display = new RecordingDisplay();
            var recipe = (SftRecipe)runs.Recipe("sft", dtype, steps: 1);
            runs.Start("sft", In(dtype, recipe with { Parameters = new() { Lora = new() { Rank = 4 } } }), display);
            return display.Steps[0];
        }
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public void SelfTest_PolicyOfAFamily_Passes(string family)
    {
        using var ofFamily = new TinyRuns(family);
        var display = new RecordingDisplay();
        ofFamily.Start(
            "ppo", WithoutDropout(InBFloat16(ofFamily.Recipe("ppo", "a", steps: 1)), run => run with { SelfTest = true }), display);
        Assert.Equal(3, display.Notices.Count(notice => notice.StartsWith("self-test passed: ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Ppo_RewardModelThatLikesOneToken_RaisesTheScore()
    {
        var recipe = (PpoRecipe)InBFloat16(runs.Recipe("ppo", "a", steps: 30));
        var display = new RecordingDisplay();
        runs.Start("ppo", recipe with
        {
            Training = recipe.Training with { BatchSize = 32, MicroBatchSize = 0 },
            Optimizer = new() { LearningRate = 3e-3 },
            Kl = new() { Coef = 0.01 },
            Updates = new() { Epochs = 4, MiniBatches = 2 },
        }, display);
        var (first, last) = (display.Steps[0]["objective/scores"], display.Steps.TakeLast(3).Average(step => step["objective/scores"]));
        Assert.True(last > first + 0.5, $"the score went from {first} to {last}");
    }

    static IRecipe InBFloat16(IRecipe recipe) => In("bfloat16", recipe);

    static IRecipe In(string dtype, IRecipe recipe) => recipe.With(recipe.Run with { Dtype = dtype }, recipe.Model);

    static IRecipe WithoutDropout(
        IRecipe recipe, Func<RunOptions, RunOptions> change, Func<BatchOptions, BatchOptions>? training = null)
    {
        training ??= options => options;
        recipe = recipe.With(change(recipe.Run), recipe.Model);
        return recipe switch
        {
            SftRecipe sft => sft with { Training = training(sft.Training), Sft = new() { Dropout = false } },
            RewardRecipe reward => reward with { Training = training(reward.Training) },
            OfflineRecipe offline => offline with { Training = training(offline.Training) },
            PolicyRecipe policy => policy with { Training = training(policy.Training) },
            _ => recipe,
        };
    }
}
