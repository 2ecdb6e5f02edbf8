using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Models.Heads;
using Attune.Reporting.Runs;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Parameters;
using Attune.Training.Recipes;

namespace Attune.Training.Tests;

/// <summary>Runs that train a part of a model: an adapter, the top layers, or all but some parameters.</summary>
public sealed class TrainedParametersTests : IDisposable
{
    static readonly Dictionary<string, ParameterOptions> Forms = new(StringComparer.Ordinal)
    {
        ["lora"] = new() { Lora = new() { Rank = 2 } },
        ["dora"] = new() { Lora = new() { Rank = 2, Dora = true, Targets = "c_attn, c_fc" } },
        ["adapter alone"] = new() { Lora = new() { Rank = 2, Merge = false } },
        ["top layer"] = new() { TopLayers = 1 },
        ["frozen embeddings"] = new() { Freeze = "embeddings" },
    };

    readonly TinyRuns runs = new();

    public TrainedParametersTests()
    {
        using var random = new RandomSource(1);
        var config = new ModelShape { Layers = 2, Width = 32, Heads = 2, Context = 48 }.ToConfig(
            TinyData.Tokenizer.VocabularySize, TinyData.Tokenizer.BosId, TinyData.Tokenizer.EosId, TinyData.Tokenizer.PadId);
        ModelFolder.Save(TwoLayers, Pretrained.NewLanguageModel(config, random), TinyData.Tokenizer);
    }

    /// <summary>Every method with every form.</summary>
    public static TheoryData<string, string> MethodsAndForms =>
    [
        .. from method in TinyRuns.Methods
        from form in Forms.Keys
        select (method, form),
    ];

    string TwoLayers => runs.PathTo("two-layers");

    public void Dispose() => runs.Dispose();

    [Theory]
    [MemberData(nameof(MethodsAndForms))]
    public void WhatIsFrozenStaysAndWhatIsTrainedMoves(string method, string form)
    {
        var run = runs.Start(method, Recipe(method, form, "a", steps: 2));
        var (before, after) = (Weights(TwoLayers), form == "adapter alone" ? [] : Weights(run.Model));
        var (frozen, moved) = form switch
        {
            "lora" =>
                (["transformer.wte.weight", "transformer.h.0.ln_1.weight", "transformer.h.1.attn.c_attn.bias"],
                ["transformer.h.0.mlp.c_fc.weight"]),
            "dora" => (["transformer.wte.weight", "transformer.h.0.attn.c_proj.weight"], ["transformer.h.0.attn.c_attn.weight"]),
            "top layer" =>
                (["transformer.wte.weight", "transformer.wpe.weight", "transformer.h.0.mlp.c_fc.weight"],
                ["transformer.h.1.ln_1.weight", "transformer.ln_f.bias"]),
            "frozen embeddings" =>
                (["transformer.wte.weight", "transformer.wpe.weight"], ["transformer.h.0.mlp.c_fc.weight", "transformer.ln_f.bias"]),
            _ => ((string[])[], (string[])[]),
        };
        Assert.All(frozen, name => Assert.Equal(before[name], after[name]));
        Assert.All(moved, name => Assert.NotEqual(before[name], after[name]));
        Assert.Equal(form is "lora" or "dora", Directory.Exists(Path.Combine(run.Model, "adapter")));
        Assert.Equal(form == "adapter alone", Peft.IsAdapter(run.Model));
    }

    [Theory]
    [InlineData("sft", "lora")]
    [InlineData("reward", "adapter alone")]
    [InlineData("ppo", "lora")]
    [InlineData("ppo", "dora")]
    [InlineData("ppo", "top layer")]
    public void ACancelledRunGoesOnToTheSameBits(string method, string form)
    {
        var whole = runs.Start(method, Recipe(method, form, "whole", steps: 6));
        var display = new RecordingDisplay(cancelAfter: 3);
        Assert.Throws<OperationCanceledException>(
            () => runs.Start(method, Recipe(method, form, "parts", steps: 6), display, display.Token));
        Assert.Equal(WeightFile(whole), WeightFile(runs.Resume("parts")));
    }

    [Theory]
    [InlineData("lora")]
    [InlineData("top layer")]
    public void TwoWorkersGiveTheNumbersOfOneThread(string form)
    {
        LoopTests.Close(Train(1), Train(2));

        RecordingDisplay Train(int workers)
        {
            var recipe = (PpoRecipe)Recipe("ppo", form, $"workers-{workers}", steps: 1);
            var display = new RecordingDisplay();
            runs.Start(
                "ppo", recipe with { Training = recipe.Training with { BatchSize = 7, Workers = workers },
                Run = recipe.Run with { Threads = 1 } }, display);
            return display;
        }
    }

    [Theory]
    [InlineData("sft", "lora")]
    [InlineData("ppo", "dora")]
    [InlineData("ppo", "top layer")]
    public void TheSelfTestHolds(string method, string form)
    {
        var display = new RecordingDisplay();
        runs.Start(method, WithSelfTest(Recipe(method, form, "a", steps: 1)), display);
        Assert.Contains(display.Notices, notice => notice.Contains("learning rate 0 leaves the ratio", StringComparison.Ordinal)
            && notice.EndsWith(": 0", StringComparison.Ordinal));
        Assert.DoesNotContain(display.Notices, notice => notice.Contains("FAILED", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("bert", "bert.embeddings.LayerNorm.weight bert.encoder.layer.0.output.dense.weight",
        "bert.encoder.layer.1.output.dense.weight cls.predictions.bias")]
    [InlineData("llama", "model.embed_tokens.weight model.layers.0.mlp.up_proj.weight",
        "model.layers.1.mlp.up_proj.weight model.norm.weight lm_head.weight")]
    [InlineData("t5", "shared.weight encoder.block.0.layer.0.SelfAttention.q.weight decoder.block.0.layer.2.layer_norm.weight",
        "encoder.block.1.layer.0.SelfAttention.q.weight encoder.final_layer_norm.weight decoder.block.1.layer.2.layer_norm.weight")]
    public void TheTopLayersAreThoseOfEachStackAndWhatIsAbove(string family, string frozen, string trained)
    {
        var model = TinyModel.Of(family);
        var named = TrainedParameters.Select(model, Forms["top layer"], seed: 1).Named.Select(parameter => parameter.Name).ToList();
        Assert.Subset(model.NamedParameters().Select(parameter => parameter.Name).ToHashSet(), frozen.Split(' ').ToHashSet());
        Assert.Empty(named.Intersect(frozen.Split(' ')));
        Assert.Subset(named.ToHashSet(), trained.Split(' ').ToHashSet());
    }

    [Fact]
    public void TheHeadOfARewardModelIsTrainedWholeBesideAnAdapter()
    {
        var model = Pretrained.LoadRewardModel(Repository.PathTo("tests", "golden", "models", "bert-reward"));
        var named = TrainedParameters.Select(model, Forms["lora"], seed: 1).Named.Select(parameter => parameter.Name).ToList();
        Assert.Subset(named.ToHashSet(), model.HeadNames.Select(name => "base_model.model." + name).ToHashSet());
        Assert.Contains("base_model.model.bert.encoder.layer.0.attention.self.query.lora_A.weight", named);
        Assert.DoesNotContain(named, name => name.StartsWith("bert.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("lora")]
    [InlineData("top layer")]
    public void Select_NamedHeads_TrainsThemWhole(string form)
    {
        using var random = new RandomSource(1);
        var model = Pretrained.LoadLanguageModel(TwoLayers);
        model.AddHead("q_head_0", new MlpHead(model.Backbone.Width, 3)).Initialize(random);
        model.AddValueHead().Initialize(random);
        var trained = TrainedParameters.Select(model, Forms[form], seed: 1);
        string[] heads =
            ["q_head_0.0.weight", "q_head_0.0.bias", "q_head_0.2.weight", "q_head_0.2.bias", "v_head.summary.weight",
            "v_head.summary.bias"];
        Assert.Equal(heads, trained.Named.Select(parameter => parameter.Name).TakeLast(heads.Length));
        Assert.All(model.Heads.Values.SelectMany(head => head.Parameters), parameter => Assert.True(parameter.Trainable));
        Assert.DoesNotContain("transformer.h.0.ln_1.weight", trained.Named.Select(parameter => parameter.Name));
    }

    [Fact]
    public void Save_AdapterAlone_KeepsTheNamedHeads()
    {
        using var folder = new TemporaryFolder();
        using var random = new RandomSource(1);
        var model = Pretrained.LoadLanguageModel(TwoLayers);
        var head = model.AddHead("q_head_0", new MlpHead(model.Backbone.Width, 3));
        head.Initialize(random);
        var options = new ParameterOptions { Lora = new() { Rank = 2, Merge = false } };
        TrainedParameters.Select(model, options, seed: 1)
            .Save(folder.Path, TwoLayers, TinyData.Tokenizer, _ => Assert.Fail("no whole model is written"));
        var read = Pretrained.LoadLanguageModel(folder.Path).Heads["q_head_0"];
        Assert.Equal(
            head.Parameters.Select(own => own.Value.RawBytes().ToArray()), read.Parameters.Select(own => own.Value.RawBytes().ToArray()));
        var config = Path.Combine(folder.Path, "adapter_config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("q_head_0", "q_head_1", StringComparison.Ordinal));
        Assert.Contains("q_head_0", Assert.Throws<InvalidDataException>(() => Pretrained.LoadLanguageModel(folder.Path)).Message);
    }

    [Fact]
    public void TheMergedModelAndTheAdapterBesideItAreOne()
    {
        var run = runs.Start("sft", Recipe("sft", "dora", "a", steps: 2));
        var adapter = Path.Combine(run.Model, "adapter");
        Assert.Equal(TwoLayers, Peft.BaseFolder(adapter));
        var (merged, again) = (ModelFolder.LoadLanguageModel(run.Model, Device.Cpu), ModelFolder.LoadLanguageModel(adapter, Device.Cpu));
        Assert.Equal(merged.Parameters.SelectMany(p => p.Value.ToArray<float>()), again.Parameters.SelectMany(
            p => p.Value.ToArray<float>()));
        Assert.Equal(TinyData.Tokenizer.VocabularySize, ModelFolder.LoadTokenizer(adapter).VocabularySize);
    }

    [Fact]
    public void AnAdapterIsAModelToStartFrom()
    {
        var sft = runs.Start("sft", Recipe("sft", "adapter alone", "sft", steps: 2));
        var again = runs.Start("sft", (SftRecipe)Recipe("sft", "lora", "again", steps: 2) with { Model = sft.Model });
        Assert.False(Directory.Exists(Path.Combine(again.Model, "adapter")));                  // it would be an adapter on an adapter
        var reward = runs.Start("reward", (RewardRecipe)Recipe("reward", "adapter alone", "reward", steps: 2) with { Model = TwoLayers });
        Assert.Contains(
            "base_model.model.score.weight", SafetensorsHeader.Read(Path.Combine(reward.Model, "adapter_model.safetensors")).Entries.Keys);
        runs.Start("reward", (RewardRecipe)Recipe("reward", "lora", "more", steps: 2) with { Model = sft.Model });
        runs.Start("ppo", (PpoRecipe)Recipe("ppo", "lora", "ppo", steps: 2) with { Model = sft.Model, RewardModel = reward.Model });
    }

    [Fact]
    public void ARewardHeadIsTrainedAlong()
    {
        var display = new RecordingDisplay();
        var recipe = (RewardRecipe)Recipe("reward", "lora", "a", steps: 30);
        runs.Start("reward", recipe with { Optimizer = recipe.Optimizer with { LearningRate = 1e-2 } }, display);
        Assert.True(display.Steps.TakeLast(5).Average(step => step["rewards/accuracies"]) > 0.9);
    }

    [Theory]
    [InlineData("`parameters.topLayers` must be at least 0 (was -1).", "topLayers=-1")]
    [InlineData("`parameters.lora.rank` must be at least 0 (was -1).", "rank=-1")]
    [InlineData("`parameters.lora.rank` must be 0 with topLayers or freeze", "rank=4", "topLayers=1")]
    [InlineData("`parameters.lora.dropout` must be 0: this method trains without dropout (was 0.1).", "rank=4", "dropout=0.1")]
    [InlineData("`parameters.lora.targets` must be all-linear, names", "targets=")]
    public void OptionsThatDoNotFitAreSaid(string message, params string[] words) => Assert.Contains(
        message, Assert.Throws<InvalidDataException>(() =>
            RecipeReader.Read("ppo", null, ["data.train=a", "model=b", "rewardModel=c", .. words])).Message);

    [Theory]
    [InlineData(3, "", "`parameters.topLayers` must be at most the model's 2 layers (was 3).")]
    [InlineData(0, "wte,embed", "parameters.freeze: 'embed' matches no parameter")]
    [InlineData(0, "transformer", "must leave some parameters to train")]
    public void PartsThatTheModelDoesNotHaveAreSaid(int topLayers, string freeze, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidDataException>(
        () => TrainedParameters.Select(Pretrained.LoadLanguageModel(TwoLayers), new() { TopLayers = topLayers, Freeze = freeze },
            1)).Message);

    IRecipe Recipe(string method, string form, string output, int steps) => runs.Recipe(method, output, steps) switch
    {
        PretrainRecipe pretrain => pretrain with { Model = TwoLayers, Parameters = Forms[form] },
        RewardRecipe reward => reward with { Model = TwoLayers, Parameters = Forms[form] },
        OfflineRecipe offline => offline with { Model = TwoLayers, Parameters = Forms[form] },
        PolicyRecipe policy => policy with { Model = TwoLayers, Parameters = Forms[form] },
        var other => throw new InvalidOperationException(other.ToString()),
    };

    static IRecipe WithSelfTest(IRecipe recipe) => recipe switch
    {
        SftRecipe sft => sft with { Run = sft.Run with { SelfTest = true } },
        PpoRecipe ppo => ppo with { Run = ppo.Run with { SelfTest = true } },
        _ => recipe,
    };

    static byte[] WeightFile(RunFolder run) => File.ReadAllBytes(Directory.GetFiles(run.Model, "*model.safetensors").Single());

    static Dictionary<string, byte[]> Weights(string folder)
    {
        using var file = Safetensors.Open(Path.Combine(folder, "model.safetensors"));
        return file.Header.Entries.Keys.ToDictionary(name => name, name => file.Read(name).RawBytes().ToArray(), StringComparer.Ordinal);
    }
}
