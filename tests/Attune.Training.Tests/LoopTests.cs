using Attune.Data;
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
    [MemberData(nameof(OfflineKinds))]
    [InlineData("rft")]
    public void MicroBatchesGiveTheStepOfTheWholeBatch(string method)
    {
        foreach (var form in Forms.Keys)
        {
            var whole = Gradients(method, form, microBatchSize: 0);
            var parts = Gradients(method, form, microBatchSize: 1);
            var (loss, gradient) = form == "bfloat16" ? (1e-2, 3e-2) : (1e-5, 1e-4);
            Numeric.Close(whole["loss"], parts["loss"], $"loss, {form}", 1e-6, loss);
            Numeric.Close(whole["grad_norm"], parts["grad_norm"], $"norm of the gradient, {form}", 1e-6, gradient);
        }
    }

    [Theory]
    [MemberData(nameof(OfflineKinds))]
    public void Train_TwoWorkersOnFixedData_GiveTheBitsOfOneThread(string method)
    {
        Assert.Equal(TinyRuns.Weights(Train("one", 1)), TinyRuns.Weights(Train("two", 2)));

        RunFolder Train(string output, int workers) => runs.Start(method, WithWorkers(method, output, steps: 3, workers));
    }

    /// <summary>Each worker samples in a batch of its own, which rounds otherwise.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Train_TwoWorkers_GiveTheNumbersOfOneThread(string method)
    {
        Close(Train("one", 1), Train("two", 2));

        RecordingDisplay Train(string output, int workers)
        {
            var display = new RecordingDisplay();
            runs.Start(method, WithWorkers(method, output, steps: 1, workers), display);
            return display;
        }
    }

    /// <summary>The metrics of the first step agree within rounding.</summary>
    internal static void Close(RecordingDisplay expected, RecordingDisplay found)
    {
        Assert.NotEmpty(expected.Steps);
        foreach (var (name, value) in expected.Steps[0].Where(metric => !metric.Key.StartsWith("time/", StringComparison.Ordinal)))
            Numeric.Close(value, found.Steps[0][name], name, 1e-5, 1e-3);
    }

    IRecipe WithWorkers(string method, string output, int steps, int workers) => WithOneThread(
        With(runs.Recipe(method, output, steps), training => training with { BatchSize = 7, Workers = workers }));

    [Fact]
    public void WorkersAreRefusedWhereDropoutDrawsNumbers()
    {
        var recipe = (SftRecipe)runs.Recipe("sft", "a");
        var error = Assert.Throws<InvalidDataException>(
            () => runs.Start("sft", recipe with { Training = recipe.Training with { Workers = 2 } }));
        Assert.StartsWith("`training.workers` must be 1 for a model with dropout", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(OfflineKinds))]
    public void TheObjectiveImprovesOnAToyTask(string method)
    {
        var display = new RecordingDisplay();
        var recipe = Faster(runs.Recipe(method, "a", steps: 100));
        runs.Start(method, recipe, display);
        var isOfPairs = display.Steps[0].ContainsKey("rewards/accuracies") && recipe is not OfflineRecipe<TokenLabels>;
        var metric = isOfPairs ? "rewards/accuracies" : "loss";
        var (first, last) = (display.Steps.Take(5).Average(step => step[metric]), display.Steps.TakeLast(5).Average(step => step[metric]));
        if (isOfPairs)
            Assert.True(last > 0.95, $"the accuracy is {last}");
        else
            Assert.True(last < 0.75 * first, $"the loss went from {first} to {last}");
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

    IReadOnlyDictionary<string, double> Gradients(string method, string form, int microBatchSize)
    {
        var display = new RecordingDisplay();
        var recipe = Forms[form](runs.Recipe(method, $"{form} {microBatchSize}", steps: 1));
        runs.Start(method, With(recipe, training => training with { BatchSize = 6, MicroBatchSize = microBatchSize }), display);
        return display.Steps[0];
    }

    static readonly Dictionary<string, Func<IRecipe, IRecipe>> Forms = new(StringComparer.Ordinal)
    {
        ["float32"] = recipe => recipe,
        ["bfloat16"] = recipe => With(recipe, run => run with { Dtype = "bfloat16" }),
        ["lora"] = recipe => With(recipe, new ParameterOptions { Lora = new() { Rank = 2 } }),
        ["top layers"] = recipe => With(recipe, new ParameterOptions { TopLayers = 1 }),
    };

    static IRecipe With(IRecipe recipe, Func<RunOptions, RunOptions> change) => recipe switch
    {
        PretrainRecipe pretrain => pretrain with { Run = change(pretrain.Run) },
        RewardRecipe reward => reward with { Run = change(reward.Run) },
        OfflineRecipe offline => offline with { Run = change(offline.Run) },
        PolicyRecipe policy => policy with { Run = change(policy.Run) },
        _ => recipe,
    };

    /// <summary>A new model is trained as a whole.</summary>
    static IRecipe With(IRecipe recipe, ParameterOptions parameters) => recipe switch
    {
        RewardRecipe { Model.Length: > 0 } reward => reward with { Parameters = parameters },
        OfflineRecipe offline => offline with { Parameters = parameters },
        _ => recipe,
    };

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

    static IRecipe WithOneThread(IRecipe recipe) => With(recipe, run => run with { Threads = 1 });
}
