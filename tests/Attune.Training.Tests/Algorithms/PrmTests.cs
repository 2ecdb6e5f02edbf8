using Attune.Models;
using Attune.Models.Checkpoints;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Parameters;
using Attune.Training.Recipes;

namespace Attune.Training.Tests.Algorithms;

/// <summary>Process reward modelling as a run: what it learns, what its options change, and what it saves.</summary>
public sealed class PrmTests : IDisposable
{
    readonly TinyRuns runs = new(layers: 2);

    public void Dispose() => runs.Dispose();

    [Fact]
    public void Accuracy_OfAToyTask_RisesAboveTheBaseline()
    {
        var display = new RecordingDisplay();
        runs.Start("prm", Recipe("a", steps: 60) with { Optimizer = new() { LearningRate = 1e-2 } }, display);
        Numeric.Close(Math.Log(2), display.Steps[0]["loss"], "loss", 0.1);
        Assert.InRange(display.Steps[0]["steps/right"], 0.4, 1);
        Assert.True(display.Steps.TakeLast(5).Average(step => step["accuracy"]) > 0.95);
        Assert.Matches(@"loss \S+ \(\d+ % of steps correct\)", display.Words[0]);
    }

    [Fact]
    public void Options_EachByItself_ChangeTheOutcome()
    {
        byte[][] outcomes =
        [
            Outcome(Recipe("none")),
            Outcome(Recipe("separator") with { Prm = new() { StepSeparator = "##" } }),
            Outcome(Recipe("last") with { Prm = new() { TrainOnLastStepOnly = true } }),
            Outcome(Recipe("adapter") with { Parameters = new() { Lora = new() { Rank = 2 } } }),
            Outcome(Recipe("top") with { Parameters = new() { TopLayers = 1 } }),
        ];
        Assert.Equal(outcomes.Length, outcomes.Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public void TrainOnLastStepOnly_HeldOutResponses_AreMeasuredAtAllSteps()
    {
        var prm = new Prm(null!, TinyData.Tokenizer, new() { TrainOnLastStepOnly = true });
        var example = new Data.TokenSteps([1, 2, 3, 4], 1, [2, 3], [true, false]);
        Assert.Equal([3], prm.Transform(example, 7).Ends);
        Assert.Equal([false], prm.Transform(example, 7).Labels);
        Assert.Same(example, prm.Transform(example, -1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Model_SavedWithAnAdapter_LoadsWithItsSeparator(bool merge)
    {
        var run = runs.Start("prm", Recipe("a") with
        {
            Prm = new() { StepSeparator = "##" },
            Parameters = new() { Lora = new() { Rank = 2, Merge = merge } },
        });
        Assert.Equal(!merge, Peft.IsAdapter(run.Model));
        Assert.Equal("##", Load(run.Model).StepSeparator);
        if (!merge)
            Assert.Contains("\"TOKEN_CLS\"", File.ReadAllText(Path.Combine(run.Model, Peft.ConfigFile)));
    }

    [Fact]
    public void Model_TrainedFurther_StartsFromItsHead()
    {
        var first = runs.Start("prm", Recipe("first"));
        var second = runs.Start("prm", Recipe("second") with { Model = first.Model, Optimizer = new() { LearningRate = 0 } });
        Assert.Equal(TinyRuns.Weights(first), TinyRuns.Weights(second));
    }

    [Fact]
    public void Encoder_IsTrainedToo()
    {
        var encoder = runs.Start("pretrain an encoder", runs.Recipe("pretrain an encoder", "encoder", steps: 2));
        var error = Assert.Throws<InvalidDataException>(() => runs.Start("prm", Recipe("a") with { Model = encoder.Model }));
        Assert.Contains("must be a text that the model's tokenizer encodes (was", error.Message);
        var run = runs.Start("prm", Recipe("b") with { Model = encoder.Model, Prm = new() { StepSeparator = "." } });
        Assert.Equal(".", Load(run.Model).StepSeparator);
    }

    [Fact]
    public void Recipe_OptionsThatCannotBe_AreErrors()
    {
        using var t5 = new TinyRuns("t5");
        Assert.Contains("a t5 model cannot be a process reward model", Error(t5, t5.Recipe("prm", "a")));
        var sampling = Recipe("b") with { Responses = new() { Prompts = runs.Demonstrations } };
        Assert.Contains("`responses.prompts` must be empty", Error(runs, sampling));
        Assert.Contains("`prm.stepSeparator` must not be empty", Error(runs, Recipe("c") with { Prm = new() { StepSeparator = "" } }));

        static string Error(TinyRuns own, IRecipe recipe) => Assert.Throws<InvalidDataException>(() => own.Start("prm", recipe)).Message;
    }

    PrmRecipe Recipe(string output, int steps = 3)
    {
        var recipe = (PrmRecipe)runs.Recipe("prm", output, steps);
        return recipe with { Optimizer = recipe.Optimizer with { LearningRate = 3e-3 } };
    }

    byte[] Outcome(PrmRecipe recipe) => TinyRuns.Weights(runs.Start("prm", recipe));

    static RewardModel Load(string folder) => ModelFolder.LoadRewardModel(folder, Device.Cpu);
}
