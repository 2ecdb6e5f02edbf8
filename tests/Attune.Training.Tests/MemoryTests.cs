using Attune.Data;
using Attune.Models;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Algorithms;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Optimizers;
using Attune.Training.Parameters;
using Attune.Training.Policies;
using Attune.Training.Recipes;

namespace Attune.Training.Tests;

/// <summary>Tests that assert on the live bytes and tensors of the process: no other test runs at the same time.</summary>
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
[Collection(nameof(MemoryTests))]
public sealed class MemoryTests : IDisposable
{
    const int Steps = 12;

    static readonly ParameterOptions TopLayer = new() { TopLayers = 1 };
    static readonly ParameterOptions Adapter = new() { Lora = new() { Rank = 2 } };

    readonly TinyRuns runs = new();

    public static TheoryData<string> Kinds => [.. TinyRuns.Kinds];

    public void Dispose() => runs.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Train_ManySteps_LeavesTensorsAndBytesFlat(string method) =>
        AssertFlat(method, runs.Recipe(method, "a", Steps, checkpointEvery: 5));

    [Theory]
    [InlineData("sft")]
    [InlineData("reward")]
    [InlineData("ppo")]
    public void Train_ThreeHundredStepsWithWorkers_LeavesTensorsAndBytesFlat(string method)
    {
        var recipe = runs.Recipe(method, "a", 300, checkpointEvery: 100);
        if (recipe is SftRecipe sft)
            recipe = sft with { Sft = sft.Sft with { Dropout = false } };              // dropout allows one worker
        AssertFlat(method, recipe.With(recipe.Run with { EvaluateEvery = 100 }, recipe.Training with { Workers = 2 }), last: 300);
    }

    [Fact]
    public void Train_ManyStepsOfAnAdapter_LeavesTensorsAndBytesFlat() => AssertFlat("ppo", (PpoRecipe)runs.Recipe("ppo", "a", Steps) with
    {
        Parameters = new() { Lora = new() { Rank = 2, Dora = true, Targets = "c_attn, c_fc" } },
    });

    [Fact]
    public void Reference_OfAnAdapter_IsTheSameModelWithTheAdapterOff()
    {
        using var scope = TensorScope.Open();
        var (model, trained) = Choose(Adapter);
        var policy = new Policy(model, TinyData.Tokenizer, new());
        var bytes = LiveBytes();
        using var lease = new Reference(policy, trained).Use();
        var reference = lease.Policy;
        Assert.Equal(bytes, LiveBytes());
        Assert.Same(model, reference.Model);
        var rollouts = Respond(policy);
        var before = reference.Analyze(rollouts).Logprobs.ToArray<float>();
        Assert.Equal(before, policy.Analyze(rollouts).Logprobs.ToArray<float>());
        using (Autograd.NoGrad())
            foreach (var (_, parameter) in trained.Named)
                parameter.Value.FillInPlace(0.1);
        Assert.Equal(before, reference.Analyze(rollouts).Logprobs.ToArray<float>());
        Assert.NotEqual(before, policy.Analyze(rollouts).Logprobs.ToArray<float>());
    }

    [Fact]
    public void Reference_OfFrozenLayers_SharesThem()
    {
        using var scope = TensorScope.Open();
        var (model, trained) = Choose(TopLayer);
        var bytes = LiveBytes();
        using var lease = new Reference(new(model, TinyData.Tokenizer, new()), trained).Use();
        var reference = lease.Policy.Model;
        var copied = trained.Named.Sum(parameter => parameter.Value.ElementCount) * sizeof(float);
        Assert.InRange(LiveBytes() - bytes, copied, copied + 1000 * 64);
        var trainable = trained.Named.Select(parameter => parameter.Name).ToHashSet();
        Assert.Contains("transformer.h.1.ln_1.weight", trainable);
        foreach (var ((name, own), (_, other)) in model.NamedParameters().Zip(reference.NamedParameters()))
        {
            Assert.Equal(trainable.Contains(name), own.Value != other.Value);
            Assert.Equal(own.Value.ToArray<float>(), other.Value.ToArray<float>());
            Assert.False(other.Trainable);
        }
    }

    /// <summary>A vocabulary of 150,000 and 1,000 tokens, both divided by five: each tensor (N, V) would have 24 MB.</summary>
    [Fact]
    public void TokenChunks_LargeVocabulary_HoldsLessThanOneTensorOfAllLogits()
    {
        const int tokens = 200, vocabulary = 30_000;
        const long one = tokens * (long)vocabulary * sizeof(float);
        Assert.InRange(Peak(1 << 16), 0, one);
        Assert.True(Peak(1 << 24) > 5 * one);

        static long Peak(long elements)
        {
            using var inner = TensorScope.Open();
            using var random = new RandomSource(1);
            var (hidden, teacher) = (Tensor.Normal([tokens, 8], 0, 1, random), Tensor.Normal([tokens, 8], 0, 1, random));
            var matrix = new Models.Layers.Parameter([vocabulary, 8], initialStd: 0.1);
            matrix.Initialize(random);
            matrix.Trainable = hidden.RequiresGrad = true;
            TorchLibrary.ResetPeakBytes();
            var before = TorchLibrary.LiveBytes;
            var (sum, _) = new TokenChunks([matrix]) { Elements = elements }.Sum(hidden, vocabulary, (part, from, to) =>
            [
                Divergence.JensenShannon(
                    part.Linear(matrix.Value).LogSoftmax(-1), teacher.Slice(0, from, to).Linear(matrix.Value.Detach()).LogSoftmax(-1), 0.5),
            ]);
            sum.Backward();
            Assert.NotNull(hidden.Grad);
            var peak = TorchLibrary.PeakBytes - before;
            matrix.Trainable = false;
            matrix.Value.Dispose();
            return peak;
        }
    }

    /// <summary>The logits of all 2,000 tokens would have 160 MB.</summary>
    [Theory]
    [InlineData("sft")]
    [InlineData("pretrain an encoder")]
    public void TokenLoss_ManyTokens_HoldsAFractionOfTheLogits(string kind)
    {
        const int rows = 8, length = 250, vocabulary = 20_000;
        using var scope = TensorScope.Open();
        using var random = new RandomSource(1);
        var shape = new ModelShape
        {
            Family = kind == "sft" ? "gpt2" : "bert", Layers = 1, Width = 16, Heads = 1, Context = length, TieEmbeddings = true,
        };
        var model = Pretrained.NewLanguageModel(shape.ToConfig(vocabulary, bos: 0, eos: 0, pad: 0), random);
        model.SetTrainable(true);
        TokenRow[] examples = [.. Enumerable.Range(0, rows).Select(row =>
            new TokenRow([.. Enumerable.Range(0, length).Select(at => 1 + (row * length + at) * 7 % (vocabulary - 1))], [], null))];
        var hidden = model.HiddenStates(TensorBatch.From(examples, 0, Device.Cpu));
        var predictions = examples.SelectMany((row, at) =>
            row.Tokens.Select((token, column) => ((long)at * length + column, (long)token))).ToList();
        var (whole, peak) = Train(predictions);
        Assert.InRange(peak, 0, rows * length * (long)vocabulary * sizeof(float) / 3);
        var parts = predictions.Chunk(100).Select(part => Train(part).Totals).ToList();
        Numeric.Close(parts.Sum(part => part.Loss), whole.Loss, "loss", 1e-6, 1e-6);
        Assert.Equal(parts.Sum(part => part.Metrics["accuracy"]), whole.Metrics["accuracy"], 6);

        (LossTotals Totals, long Peak) Train(IReadOnlyList<(long, long)> some)
        {
            using var inner = TensorScope.Open();
            var states = hidden.Detach();
            states.RequiresGrad = true;
            TorchLibrary.ResetPeakBytes();
            var before = TorchLibrary.LiveBytes;
            var loss = TokenLoss.Compute(model, states, some, examples, predictions.Count,
                (logits, targets) => CrossEntropy.Smoothed(logits, targets, 0));
            loss.Value.Backward();
            Assert.NotNull(states.Grad);
            return (loss.Totals, TorchLibrary.PeakBytes - before);
        }
    }

    /// <summary>After its first steps, training holds no more tensors and bytes, also after evaluations and checkpoints.</summary>
    void AssertFlat(string method, IRecipe recipe, int last = Steps)
    {
        var live = new Dictionary<int, (long, long)>();
        runs.Start(method, recipe, new RecordingDisplay
        {
            OnStep = step =>
            {
                if (step == 3 || step == last)
                    live[step] = (LiveBytes(), TorchLibrary.LiveTensors);
            },
        });
        Assert.Equal(live[3], live[last]);
    }

    static (LanguageModel Model, TrainedParameters Trained) Choose(ParameterOptions parameters)
    {
        var model = TinyModel.Gpt2();
        return (model, TrainedParameters.Select(model, parameters, seed: 1));
    }

    static Rollouts Respond(Policy policy)
    {
        using var random = new RandomSource(1);
        using var noGrad = Autograd.NoGrad();
        return policy.Respond([new([5, 6, 7], "")], random, samples: 2);
    }

    [Fact]
    public void HasGradient_GradientsAreCleared_KeepsNone()
    {
        using var scope = TensorScope.Open();
        var parameter = new Models.Layers.Parameter([1 << 18], initialStd: 0) { Value = Tensor.Zeros([1 << 18]) };
        parameter.Trainable = true;
        var optimizer = new Optimizer(new Sgd(momentum: 0, nesterov: false), [("w", parameter)], weightDecay: 0);
        var before = LiveBytes();
        using (TensorScope.Open())
            parameter.Value.Sum().Backward();
        Assert.InRange(LiveBytes() - before, 1 << 20, 2 << 20);
        Assert.Equal([true], optimizer.HasGradient);
        optimizer.ClearGradients();
        Assert.InRange(LiveBytes() - before, 0, 1 << 16);
        parameter.Value.Dispose();
    }

    static long LiveBytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return TorchLibrary.LiveBytes;
    }
}
