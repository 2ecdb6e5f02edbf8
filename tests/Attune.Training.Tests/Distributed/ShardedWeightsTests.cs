using Attune.Models;
using Attune.Models.Backbones;
using Attune.Models.Checkpoints;
using Attune.Models.Layers;
using Attune.Reporting.Runs;
using Attune.Testing;
using Attune.Torch;
using Attune.Torch.Distributed;
using Attune.Training.Policies;
using Attune.Training.Recipes;
using Attune.Training.Servers;

namespace Attune.Training.Tests.Distributed;

/// <summary>Runs whose ranks hold a part of the weights each, compared with runs of one process.</summary>
public sealed class ShardedWeightsTests : IDisposable
{
    readonly TinyRuns runs = new(layers: 2);

    public void Dispose() => runs.Dispose();

    [Theory]
    [InlineData("sft", 2)]
    [InlineData("sft", 4)]
    [InlineData("reward", 2)]
    [InlineData("dpo", 2)]
    [InlineData("ppo", 2)]
    public void Train_ShardedWeights_LogsTheNumbersOfOneProcessAndSavesItsModel(string kind, int ranks)
    {
        var one = runs.Start(kind, Recipe(kind, "one"));
        var sharded = ThreadRanks.Run(ranks, _ => runs.Start(kind, Sharded(Recipe(kind, "sharded"))))[0];
        RankTests.AssertSameNumbers(one, sharded);
        Numeric.Close(Weights(one), Weights(sharded), kind, 1e-4, 1e-4);
        using var scope = TensorScope.Open();
        using var second = Safetensors.Open(Path.Combine(sharded.Checkpoints, "step-000003", "rank-1.safetensors"));
        Assert.Contains(second.Header.Entries.Keys, name => !name.StartsWith("optimizer/", StringComparison.Ordinal));
    }

    [Fact]
    public void Train_ShardedBaseOfAnAdapter_LogsTheNumbersOfOneProcess()
    {
        var one = runs.Start("sft", Adapted("one"));
        RankTests.AssertSameNumbers(one, ThreadRanks.Run(2, _ => runs.Start("sft", Sharded(Adapted("sharded"))))[0]);

        IRecipe Adapted(string output) =>
            Lora((SftRecipe)Recipe("sft", output), new() { Rank = 2, Dora = true, Targets = "all-linear", Merge = false });
    }

    [Fact]
    public void Resume_ShardedWeights_EndsWithTheSameBitsOrContinuesInOneProcess()
    {
        var whole = ThreadRanks.Run(2, _ => runs.Start("ppo", Averaged("whole")))[0];
        Interrupt("parts");
        Interrupt("alone");
        var parts = ThreadRanks.Run(2, _ => runs.Resume("parts"))[0];
        Assert.Equal(TinyRuns.Weights(whole), TinyRuns.Weights(parts));
        RankTests.AssertSameNumbers(whole, runs.Resume("alone"));

        void Interrupt(string output)
        {
            var display = new RecordingDisplay(cancelAfter: 2);
            Assert.Throws<OperationCanceledException>(() => ThreadRanks.Run(2, own =>
                runs.Start("ppo", Averaged(output), display, own.Rank == 0 ? display.Token : CancellationToken.None)));
        }

        IRecipe Averaged(string output) => Sharded((PpoRecipe)Recipe("ppo", output) with
        {
            Average = new() { Decay = 0.5 },
            Reference = new() { Kind = ReferenceKind.Synchronised, SyncEvery = 1, SyncRate = 0.5 },
        });
    }

    [Fact]
    public void Backward_RanksComputeDifferentBatches_AddUpGradientsAndHoldOnlyTheirShare()
    {
        using var scope = TensorScope.Open();
        var model = Pretrained.LoadLanguageModel(runs.LanguageModel);
        model.SetTrainable(true);
        Pass(model, length: 5);
        Pass(model, length: 7);
        Pass(model, length: 9);
        var whole = Layers(model);
        var expected = whole.ToDictionary(own => own.Name, own => Gradient(own.Value), StringComparer.Ordinal);
        var held = ThreadRanks.Run(2, ranks =>
        {
            using var own = TensorScope.Open();
            using var sharding = Ranks.Use(new WeightSharding(ranks));
            var shared = Pretrained.LoadLanguageModel(runs.LanguageModel);
            Assert.All(Layers(shared), parameter => Assert.Equal(parameter.Value.IsHeld, parameter.Value.Value.HasStorage));
            shared.SetTrainable(true);
            Pass(shared, length: 5 + 2 * ranks.Rank);
            if (ranks.Rank == 0)
                Pass(shared, length: 9);
            Ranks.Wait();
            var mine = Layers(shared).Where(parameter => parameter.Value.Value.HasStorage).ToList();
            foreach (var (name, parameter) in mine)
                Numeric.Close(expected[name], Gradient(parameter), name, 1e-5, 1e-5);
            return mine.Sum(parameter => parameter.Value.ElementCount);
        });
        Assert.Equal(whole.Sum(parameter => parameter.Value.ElementCount), held.Sum());
        Assert.InRange(held[0] / (double)held.Sum(), 0.45, 0.55);

        static void Pass(LanguageModel model, int length)
        {
            var input = new ModelInput(Tensor.Arange(3, 3 + length).Unsqueeze(0));
            model.Logits(model.HiddenStates(input)).LogSoftmax(-1).Square().Mean().Backward();
        }
    }

    [Fact]
    public void Start_WhatCannotBeSharded_IsRefusedWithTheReason()
    {
        Refused("trpo", Recipe("trpo", "a"), "this method");
        Refused("pretrain", runs.Recipe("pretrain an encoder", "a"), "shards decoders only");
        Refused("sft", runs.Recipe("sft", "a"), "must be false with dropout");
        var sft = (SftRecipe)Recipe("sft", "a");
        Refused("sft", sft with { Training = sft.Training with { Workers = 2 } }, "`training.workers` must be 1");
        Refused("sft", Lora(sft, new() { Rank = 2 }), "`parameters.lora.merge` must be false");
        Refused("grpo", (GrpoRecipe)Recipe("grpo", "a") with
        {
            Parameters = new() { Lora = new() { Rank = 2, Merge = false } },
            Rollout = new() { Engine = RolloutEngine.Server, Servers = ["http://127.0.0.1:1"], Weights = WeightTransfer.Folder },
        }, "`rollout.weights` must be adapter");

        void Refused(string method, IRecipe recipe, string reason)
        {
            var error = Assert.Throws<InvalidDataException>(() => ThreadRanks.Run(2, _ => runs.Start(method, Sharded(recipe))));
            Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>A recipe whose updates have three micro-batches, which two ranks or four cannot share evenly.</summary>
    IRecipe Recipe(string kind, string output)
    {
        var recipe = runs.Recipe(kind, output, steps: 3, checkpointEvery: 1);
        recipe = recipe.With(recipe.Run, recipe.Training with { BatchSize = kind == "ppo" ? 4 : 3, MicroBatchSize = 1 });
        return recipe is SftRecipe sft ? sft with { Sft = sft.Sft with { Dropout = false } } : recipe;
    }

    static IRecipe Sharded(IRecipe recipe) => recipe.With(recipe.Run with { ShardWeights = true }, recipe.Model);

    static SftRecipe Lora(SftRecipe recipe, Attune.Models.Adapters.LoraOptions lora) =>
        recipe with { Parameters = recipe.Parameters with { Lora = lora } };

    static List<(string Name, Parameter Value)> Layers(LanguageModel model) =>
        [.. model.NamedParameters().Where(parameter => parameter.Name.Contains(".h.", StringComparison.Ordinal))];

    static double[] Weights(RunFolder run)
    {
        using var scope = TensorScope.Open();
        using var file = Safetensors.Open(Path.Combine(run.Model, "model.safetensors"));
        return
        [
            .. file.Header.Entries.Keys.Order(StringComparer.Ordinal).SelectMany(name => file.Read(name, DType.Float64).ToArray<double>()),
        ];
    }

    static double[] Gradient(Parameter parameter) => parameter.Value.Grad!.To(DType.Float64).ToArray<double>();
}
