using Attune.Generation;
using Attune.Models.Checkpoints;
using Attune.Reporting.Runs;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Recipes;
using Attune.Training.Rewards;

namespace Attune.Training.Tests;

/// <summary>Encoder–decoders in the same training loops as decoders.</summary>
public sealed class EncoderDecoderTests : IDisposable
{
    readonly TinyRuns runs = new("t5");

    public void Dispose() => runs.Dispose();

    [Theory]
    [InlineData("pretrain")]
    [InlineData("sft")]
    [InlineData("reward")]
    [InlineData("ppo")]
    [InlineData("rft")]
    public void ACancelledRunGoesOnToTheSameBits(string method)
    {
        var whole = runs.Start(method, Recipe(method, "whole"));
        var display = new RecordingDisplay(cancelAfter: 3);
        Assert.Throws<OperationCanceledException>(() => runs.Start(method, Recipe(method, "parts"), display, display.Token));
        Assert.Equal(TinyRuns.Weights(whole), TinyRuns.Weights(runs.Resume("parts")));
    }

    [Fact]
    public void TwoWorkersGiveTheBitsOfOneThread()
    {
        var recipe = (PpoRecipe)runs.Recipe("ppo", "", steps: 3);
        Assert.Equal(TinyRuns.Weights(Train("one", 1)), TinyRuns.Weights(Train("two", 2)));

        RunFolder Train(string output, int workers) => runs.Start("ppo", recipe with
        {
            Run = recipe.Run with { Output = runs.PathTo(output), Threads = 1 },
            Training = recipe.Training with { BatchSize = 7, Workers = workers },
        });
    }

    [Fact]
    public void EveryCheckOfASelfTestPasses()
    {
        var display = new RecordingDisplay();
        var pretrain = (PretrainRecipe)Recipe("pretrain", "pretrain", steps: 1);
        runs.Start("pretrain", pretrain with { Run = pretrain.Run with { SelfTest = true } }, display);
        var sft = (SftRecipe)runs.Recipe("sft", "sft", steps: 1);
        runs.Start("sft", sft with { Run = sft.Run with { SelfTest = true } }, display);
        var ppo = (PpoRecipe)runs.Recipe("ppo", "ppo", steps: 1);
        runs.Start("ppo", ppo with { Run = ppo.Run with { SelfTest = true } }, display);
        Assert.Equal(5 + 5 + 3, display.Notices.Count(notice => notice.StartsWith("self-test passed: ", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("pretrain", 200)]
    [InlineData("sft", 80)]
    public void TheLossFalls(string method, int steps)
    {
        var display = new RecordingDisplay();
        runs.Start(method, Recipe(method, "a", steps) switch
        {
            SftRecipe sft => sft with { Optimizer = sft.Optimizer with { LearningRate = 1e-2 } },
            PretrainRecipe pretrain => pretrain with { Optimizer = pretrain.Optimizer with { LearningRate = 1e-2 } },
            var other => other,
        }, display);
        var (first, last) = (display.Steps.Take(5).Average(step => step["loss"]), display.Steps.TakeLast(5).Average(step => step["loss"]));
        Assert.True(last < 0.6 * first, $"the loss went from {first} to {last}");
    }

    [Fact]
    public void ATokenizerWithoutSentinelsIsRefused()
    {
        var error = Assert.Throws<InvalidDataException>(() => runs.Start("pretrain", runs.Recipe("pretrain", "a")));
        Assert.StartsWith("the tokenizer has no tokens <extra_id_0>", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnotherObjectiveIsRefused()
    {
        var recipe = (PretrainRecipe)Recipe("pretrain", "a");
        var error = Assert.Throws<InvalidDataException>(
            () => runs.Start("pretrain", recipe with { Pretrain = new() { Objective = PretrainObjective.Causal } }));
        Assert.Equal("`pretrain.objective` must be spans for this model (was causal).", error.Message);
    }

    [Fact]
    public void PpoRaisesTheScoreOfAFineTunedModel()
    {
        var sft = (SftRecipe)runs.Recipe("sft", "sft", steps: 80);
        var tuned = runs.Start("sft", sft with { Optimizer = sft.Optimizer with { LearningRate = 1e-2 } });
        var recipe = (PpoRecipe)runs.Recipe("ppo", "ppo", steps: 50);
        var display = new RecordingDisplay();
        runs.Start("ppo", recipe with
        {
            Model = tuned.Model,
            Run = recipe.Run with { Seed = 1 },
            Training = recipe.Training with { BatchSize = 32, MicroBatchSize = 0 },
            Optimizer = new() { LearningRate = 3e-3 },
            Kl = new() { Coef = 0.01 },
            Updates = new() { MiniBatches = 2, Epochs = 2 },
        }, display);
        var (first, last) =
            (display.Steps.Take(5).Average(step => step["objective/scores"]), display.Steps.TakeLast(10)
            .Average(step => step["objective/scores"]));
        Assert.True(last > first + 0.12, $"the score went from {first} to {last}");
        Assert.InRange(display.Steps[0]["objective/kl"], -0.01, 0.01);
    }

    [Fact]
    public void ResponsesAreSampledFromWhatAnalysisSees()
    {
        using var scope = TensorScope.Open();
        using var random = new RandomSource(3);
        var model = Pretrained.LoadLanguageModel(runs.LanguageModel);
        model.AddValueHead().Initialize(random);
        model.ValueHead!.Parameters.First().Value.NormalInPlace(0, 1, random);
        var policy = new Policy(model, TinyData.Tokenizer, new() { MaxNewTokens = 6, Temperature = 0.7 });
        var rollouts = policy.Respond([new([5, 6, 7, 0], ""), new([8, 0], "")], random, samples: 2);
        var analysis = policy.Analyze(rollouts, withEntropy: true);
        Assert.Equal(rollouts.Logprobs.Shape.ToArray(), analysis.Logprobs.Shape.ToArray());
        var mask = rollouts.Mask.ToArray<bool>();
        Testing.Numeric.Close(Doubles(rollouts.Logprobs), analysis.Logprobs.ToArray<float>(), "log-probabilities", 1e-5, 1e-5, mask);
        Testing.Numeric.Close(Doubles(rollouts.Values!), analysis.Values!.ToArray<float>(), "values", 1e-5, 1e-5, mask);
    }

    [Fact]
    public void ARewardModelReadsPromptAndResponseAsOneText()
    {
        using var scope = TensorScope.Open();
        var (tokenizer, reward) = (TinyData.Tokenizer, Pretrained.LoadRewardModel(runs.RewardModel));
        var source = new RewardModelSource(reward, tokenizer, tokenizer) { PolicyIsEncoderDecoder = true };
        int[] answer = [.. tokenizer.Encode(" meow."), tokenizer.EosId!.Value];
        var rollouts = Rollouts.From(
            [new([.. tokenizer.Encode("The cat says"), tokenizer.EosId.Value], "The cat says"), new(
                [.. tokenizer.Encode("The cat says "), tokenizer.EosId.Value], "The cat says ")],
            [.. Enumerable.Repeat(new Response(answer, new float[answer.Length], [], Ended: true), 2)], Device.Cpu);
        int[] read = [.. tokenizer.Encode("The cat says"), .. answer];
        int[] readBehindASpace = [.. tokenizer.Encode("The cat says "), .. tokenizer.Encode("meow."), tokenizer.EosId.Value];
        Assert.Equal(source.Score([read, readBehindASpace]), source.Score(rollouts).Totals);
    }

    /// <summary>Data for pretraining, with a tokenizer that has sentinels.</summary>
    IRecipe Recipe(string method, string output, int steps = 6) => runs.Recipe(method, output, steps) switch
    {
        PretrainRecipe pretrain => pretrain with { Tokenizer = new() { Kind = TokenizerKind.Unigram, VocabularySize = 60, Sentinels = 5 } },
        var other => other,
    };

    static double[] Doubles(Tensor tensor) => Array.ConvertAll(tensor.ToArray<float>(), x => (double)x);
}
