using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Reporting.Runs;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Parameters;
using Attune.Training.Recipes;
using Attune.Training.Runs;

namespace Attune.Training.Tests;

public sealed class LoopTests : IDisposable
{
    readonly TinyRuns runs = new();

    public static TheoryData<string> Kinds => [.. TinyRuns.Kinds];

    public static TheoryData<string> OfflineKinds => [.. TinyRuns.OfflineKinds];

    public void Dispose() => runs.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void TwentyStepsLeaveTensorsAndBytesFlat(string method)
    {
        var (tensors, bytes) = (new List<long>(), new List<long>());
        var display = new RecordingDisplay
        {
            OnStep = _ =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                tensors.Add(TorchLibrary.LiveTensors);
                bytes.Add(TorchLibrary.LiveBytes);
            },
        };
        runs.Start(method, runs.Recipe(method, "a", steps: 20, checkpointEvery: 7), display);
        Assert.Equal(20, tensors.Count);
        Assert.Equal(tensors[2], tensors[^1]);
        Assert.Equal(bytes[2], bytes[^1]);
    }

    [Theory]
    [MemberData(nameof(OfflineKinds))]
    [InlineData("rft")]
    public void MicroBatchesGiveTheStepOfTheWholeBatch(string method)
    {
        var whole = Gradients(method, "whole", microBatchSize: 0);
        var parts = Gradients(method, "parts", microBatchSize: 1);
        Numeric.Close(whole["loss"], parts["loss"], "loss", 1e-6, 1e-5);
        Numeric.Close(whole["grad_norm"], parts["grad_norm"], "norm of the gradient", 1e-6, 1e-4);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void TwoWorkersGiveTheBitsOfOneThread(string method)
    {
        Assert.Equal(TinyRuns.Weights(Train("one", 1)), TinyRuns.Weights(Train("two", 2)));

        RunFolder Train(string output, int workers) => runs.Start(
            method, WithOneThread(
                With(runs.Recipe(method, output, steps: 3), training => training with { BatchSize = 7, Workers = workers })));
    }

    [Fact]
    public void WorkersAreRefusedWhereDropoutDrawsNumbers()
    {
        var recipe = (SftRecipe)runs.Recipe("sft", "a");
        var error = Assert.Throws<InvalidDataException>(
            () => runs.Start("sft", recipe with { Training = recipe.Training with { Workers = 2 } }));
        Assert.StartsWith("`training.workers` must be 1 for a model with dropout", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pretrain", "loss", 0.6)]
    [InlineData("pretrain an encoder", "loss", 0.75)]
    [InlineData("sft", "loss", 0.6)]
    [InlineData("reward", "rewards/accuracies", 0.95)]
    [InlineData("reward an encoder", "rewards/accuracies", 0.95)]
    [InlineData("prm", "accuracy", 0.95)]
    [InlineData("dpo", "rewards/accuracies", 0.95)]
    [InlineData("ilql", "loss", 0.6)]
    [InlineData("cpo", "rewards/accuracies", 0.95)]
    [InlineData("orpo", "rewards/accuracies", 0.95)]
    [InlineData("tpo", "rewards/accuracies", 0.95)]
    [InlineData("gkd", "loss", 0.6)]
    public void TheObjectiveImprovesOnAToyTask(string method, string metric, double target)
    {
        var display = new RecordingDisplay();
        runs.Start(method, Faster(runs.Recipe(method, "a", steps: 100)), display);
        var (first, last) = (display.Steps.Take(5).Average(step => step[metric]), display.Steps.TakeLast(5).Average(step => step[metric]));
        if (metric == "loss")
            Assert.True(last < target * first, $"the loss went from {first} to {last}");
        else
            Assert.True(last > target, $"the accuracy is {last}");
    }

    [Fact]
    public void ADifferentSeedGivesOtherBits()
    {
        var recipe = (SftRecipe)runs.Recipe("sft", "b");
        Assert.NotEqual(
            TinyRuns.Weights(runs.Start("sft", runs.Recipe("sft", "a"))),
            TinyRuns.Weights(runs.Start("sft", recipe with { Run = recipe.Run with { Seed = 6 } })));
    }

    [Fact]
    public void AStepWithoutAFiniteLossIsNotAppliedAndSaidWithItsBatch()
    {
        var model = Pretrained.LoadLanguageModel(runs.LanguageModel);
        using (Autograd.NoGrad())
            model.Backbone.TokenEmbedding.Value.FillInPlace(3e38);                       // finite, and its products are not
        ModelFolder.Save(runs.LanguageModel, model, TinyData.Tokenizer);
        var display = new RecordingDisplay();
        var error = Assert.Throws<TrainingStoppedException>(() => runs.Start("sft", runs.Recipe("sft", "a"), display));
        Assert.Contains("3 steps in a row", error.Message);
        Assert.Equal(3, display.Steps.Count);
        Assert.Contains(display.Notices, notice =>
            notice.Contains("step 1 was skipped: the loss is not a finite number. The batch: \"The ", StringComparison.Ordinal));
        Assert.False(File.Exists(new RunFolder(runs.PathTo("a")).Summary));
    }

    [Theory]
    [InlineData(5, 4)]
    [InlineData(3, 3)]
    [InlineData(4, 1)]
    public void TheMeansOfAStepAreOverTheUpdatesThatWereMade(int answers, int miniBatches)
    {
        var recipe = (PpoRecipe)runs.Recipe("ppo", "a", steps: 1);
        var display = new RecordingDisplay();
        runs.Start("ppo", recipe with
        {
            Training = recipe.Training with { BatchSize = answers },
            Optimizer = new() { LearningRate = 0 },
            Updates = new() { Epochs = 2, MiniBatches = miniBatches },
        }, display);
        // The clip fraction is over all tokens of a minibatch, and the ratio is 1 when no parameter changes.
        Numeric.Close(1, display.Steps[0]["policy/ratio"], "ratio", 1e-5);
    }

    [Fact]
    public void PpoRaisesTheScoreOfARewardModelThatLikesOneToken()
    {
        var recipe = (PpoRecipe)runs.Recipe("ppo", "a", steps: 30);
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
        Assert.InRange(display.Steps[0]["policy/ratio"], 0.8, 1.2);
        Assert.True(display.Steps[^1]["objective/kl"] > display.Steps[0]["objective/kl"]);
        Assert.Matches(@"score .*, KL .* nats, healthy", display.Words[0]);
    }

    IReadOnlyDictionary<string, double> Gradients(string method, string output, int microBatchSize)
    {
        var display = new RecordingDisplay();
        runs.Start(method, With(runs.Recipe(method, output, steps: 1), training =>
            training with { BatchSize = 6, MicroBatchSize = microBatchSize }), display);
        return display.Steps[0];
    }

    /// <summary>
    /// With a learning rate at which such a small model learns in seconds; an encoder, which is post-norm, needs a smaller one.
    /// </summary>
    static IRecipe Faster(IRecipe recipe) => recipe switch
    {
        PretrainRecipe pretrain => pretrain with { Optimizer = pretrain.Optimizer with { LearningRate = Rate(pretrain.NewModel) } },
        RewardRecipe reward => reward with { Optimizer = reward.Optimizer with { LearningRate = Rate(reward.NewModel) } },
        OfflineRecipe offline => offline with { Optimizer = offline.Optimizer with { LearningRate = 1e-2 } },
        _ => recipe,
    };

    static double Rate(ModelShape shape) => shape.Family == "bert" ? 4e-3 : 1e-2;

    static IRecipe With(IRecipe recipe, Func<BatchOptions, BatchOptions> change) => recipe switch
    {
        PretrainRecipe pretrain => pretrain with { Training = change(pretrain.Training), Pretrain = new() { Dropout = false } },
        SftRecipe sft => sft with { Training = change(sft.Training), Sft = new() { Dropout = false } },
        RewardRecipe reward => reward with { Training = change(reward.Training) },
        OfflineRecipe offline => offline with { Training = change(offline.Training) },
        PolicyRecipe policy => policy with { Training = change(policy.Training) },
        _ => recipe,
    };

    static IRecipe WithOneThread(IRecipe recipe) => recipe switch
    {
        PretrainRecipe pretrain => pretrain with { Run = pretrain.Run with { Threads = 1 } },
        RewardRecipe reward => reward with { Run = reward.Run with { Threads = 1 } },
        OfflineRecipe offline => offline with { Run = offline.Run with { Threads = 1 } },
        PolicyRecipe policy => policy with { Run = policy.Run with { Threads = 1 } },
        _ => recipe,
    };
}
