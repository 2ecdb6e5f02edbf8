using System.Text.Json.Nodes;
using Attune.Models.Adapters;
using Attune.Models.Backbones;
using Attune.Models.Checkpoints;
using Attune.Models.Layers;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Models.Tests.Adapters;

public sealed class LoraTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();
    readonly RandomSource random = new(7);

    public static TheoryData<string> LanguageModels =>
        [.. new[] { "LMHeadModel", "ForCausalLM", "ForMaskedLM", "ForConditionalGeneration" }.SelectMany(GoldenModels.WithClass)];

    public void Dispose()
    {
        random.Dispose();
        scope.Dispose();
    }

    [Theory]
    [InlineData("gpt2", false)]
    [InlineData("llama", false)]
    [InlineData("gpt2", true)]
    [InlineData("llama", true)]
    public void AFreshAdapterChangesNothing(string family, bool dora)
    {
        var model = TinyModel.Of(family);
        var before = Logits(model);
        using var lora = Lora.Create(model, new LoraOptions { Rank = 4, Dora = dora }.ToConfig(), random);
        Assert.Equal(before, Logits(model));
    }

    [Theory]
    [InlineData("gpt2", false)]
    [InlineData("llama", false)]
    [InlineData("gpt2", true)]
    [InlineData("llama", true)]
    public void MergedComputesTheSameAndUnmergedAreTheOldBits(string family, bool dora)
    {
        var model = TinyModel.Of(family);
        var (names, weights) = (Names(model), Weights(model));
        using var lora = Changed(model, new() { Rank = 4, Dora = dora });
        var on = Logits(model);
        lora.Merge();
        Close(on, Logits(model));
        Assert.NotEqual(weights, Weights(model));
        lora.Unmerge();
        Assert.Equal(weights, Weights(model));
        Assert.Equal(names, Names(model));
        Assert.Equal(on, Logits(model));
    }

    /// <summary>Every use of a linear layer in every family applies its adapter.</summary>
    [Theory]
    [MemberData(nameof(LanguageModels))]
    public void EveryLinearLayerOfEveryFamilyIsAdapted(string name)
    {
        using var folder = new TemporaryFolder();
        var model = Pretrained.LoadLanguageModel(GoldenModels.Copy(name, "config.json", folder));
        var (input, linear) = (InputOf(model), model.Backbone.NamedModules().Count(module => module.Value is Linear));
        var before = model.HiddenStates(input).ToArray<float>();
        using var lora = Changed(model, new() { Rank = 2 });
        lora.SetTrainable();
        var hidden = model.HiddenStates(input);
        hidden.Square().Sum().Backward();
        Assert.All(lora.NamedParameters(), parameter => Assert.NotNull(parameter.Value.Value.Grad));
        Assert.Equal(2 * linear, lora.NamedParameters().Count());
        using (Lora.Disable())
            Assert.Equal(before, model.HiddenStates(input).ToArray<float>());
        lora.Merge();
        Close(hidden.ToArray<float>(), model.HiddenStates(input).ToArray<float>());
        Assert.NotEqual(before, model.HiddenStates(input).ToArray<float>());
    }

    [Fact]
    public void OffIsTheBaseToTheBitAndOnlyOnThisThread()
    {
        var model = TinyModel.Llama();
        var before = Logits(model);
        using var lora = Changed(model, new() { Rank = 2, ModulesToSave = "lm_head" });
        var on = Logits(model);
        using (Lora.Disable())
        {
            Assert.Equal(before, Logits(model));
            float[]? elsewhere = null;
            var thread = new Thread(() => elsewhere = Logits(model));
            thread.Start();
            thread.Join();
            Assert.Equal(on, elsewhere);
        }
        Assert.Equal(on, Logits(model));
        Assert.NotEqual(before, on);
    }

    [Fact]
    public void TakenOffTheModelHasItsWeightsOrTheMergedOnes()
    {
        var model = TinyModel.Gpt2();
        var before = Logits(model);
        Changed(model, new() { Rank = 2 }).Dispose();
        Assert.Equal(before, Logits(model));
        var lora = Changed(model, new() { Rank = 2 });
        var on = Logits(model);
        lora.Merge(keepBase: false);
        Assert.Throws<InvalidOperationException>(lora.Unmerge);
        lora.Dispose();
        Close(on, Logits(model));
    }

    [Fact]
    public void OnlyTheAdapterIsTrainable()
    {
        var model = TinyModel.Llama();
        using var lora = Changed(model, new() { Rank = 2, Targets = "q_proj", ModulesToSave = "lm_head" });
        model.SetTrainable(true);
        lora.SetTrainable();
        GoldenModels.Loss(model, Input(), Tensor.From([3L, 9, 4, 8, 7, 6], 2, 3)).Backward();
        Assert.All(lora.NamedParameters(), parameter => Assert.NotNull(parameter.Value.Value.Grad));
        using (Lora.Disable())
            Assert.All(model.Parameters, parameter => Assert.False(parameter.Trainable));
        Assert.Equal(
            ["base_model.model.lm_head.weight", "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"],
            lora.NamedParameters().Select(parameter => parameter.Name).Order().Take(2));
    }

    [Fact]
    public void DropoutActsWhileARandomSourceIsSet()
    {
        var model = TinyModel.Llama();
        using var lora = Changed(model, new() { Rank = 2, Dropout = 0.5 });
        var plain = Logits(model);
        model.SetDropout(random);
        Assert.True(model.HasActiveDropout);
        Assert.NotEqual(plain, Logits(model));
        model.SetDropout(null);
        Assert.Equal(plain, Logits(model));
    }

    [Fact]
    public void AnAdapterComesBackBitForBit()
    {
        using var folder = new TemporaryFolder();
        var model = TinyModel.Gpt2();
        using var lora = Changed(model, new() { Rank = 3, Targets = "c_attn, mlp.c_proj", Dora = true });
        lora.Config["a_key_of_somebody_else"] = 7;
        Peft.Save(folder.Path, lora, "../base");
        var again = TinyModel.Gpt2();
        using var read = Peft.Load(folder.Path, again);
        Assert.Equal(Logits(model), Logits(again));
        Assert.Equal(7, (int)read.Config["a_key_of_somebody_else"]!);
        Assert.Equal("../base", (string)read.Config["base_model_name_or_path"]!);
        Assert.True((bool)read.Config["fan_in_fan_out"]!);
    }

    [Theory]
    [InlineData("all-linear", "", 14)]
    [InlineData("all-linear", "mlp.down_proj, q_proj", 10)]
    [InlineData("q_proj,v_proj", "", 4)]
    [InlineData("proj", "", 0)]                                         // a whole part of the name, not any suffix
    [InlineData("model.layers.1.mlp.up_proj", "", 1)]
    [InlineData("/.*\\.(q|k)_proj/", "", 4)]
    [InlineData("/.*(q|k)/", "", 0)]                                    // the whole name
    [InlineData("/.*_proj/", "/.*\\.0\\..*/", 7)]
    [InlineData("lm_head, q_proj", "", 3)]
    public void TargetsAreFoundByPeftsRules(string targets, string exclude, int count) =>
        Assert.Equal(count, Adapted(new LoraOptions { Rank = 1, Targets = targets, Exclude = exclude }.ToConfig()).Count());

    [Fact]
    public void LayersAndPatternsCountForNamesThatAreEnds()
    {
        var config = new LoraOptions { Rank = 2, Alpha = 6, Targets = "q_proj,v_proj" }.ToConfig();
        config["layers_to_transform"] = new JsonArray(1);
        config["layers_pattern"] = "layers";
        config["rank_pattern"] = new JsonObject { ["layers.0.self_attn.v_proj"] = 9, ["v_proj"] = 3, ["q_.*"] = 4 };
        Assert.Equal(
            ["model.layers.1.self_attn.q_proj: 4", "model.layers.1.self_attn.v_proj: 3"],
            Adapted(config).Select(layer => $"{layer.Name}: {layer.Rank}"));
        config["layers_pattern"] = "blocks";
        Assert.Empty(Adapted(config));
        config["target_modules"] = new JsonArray("model.layers.0.self_attn.q_proj");
        Assert.Single(Adapted(config));
    }

    [Theory]
    [InlineData("peft_type", "\"IA3\"", "adapters of type 'IA3' are not supported")]
    [InlineData("lora_bias", "true", "'lora_bias' is not supported")]
    [InlineData("init_lora_weights", "\"pissa\"", "'pissa', which changes the base model")]
    [InlineData("target_modules", "[]", "'target_modules' must name at least one module")]
    [InlineData("target_modules", "\"(\"", "the pattern '(' is not valid")]
    [InlineData("target_modules", "\"((.|[a-z.])+)+!\"", "is not valid")]
    [InlineData("target_modules", "[\"mlp\"]", "model.layers.0.mlp, which is not a linear layer")]
    [InlineData(
        "target_modules", "[\"c_attn\"]", "its linear layers are q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj, lm_head")]
    [InlineData("modules_to_save", "[\"score\"]", "'modules_to_save' matches no module")]
    [InlineData(
        "rank_pattern", "{\"q_proj\":0}", "the rank of model.layers.0.self_attn.q_proj in 'rank_pattern' must be at least 1 (was 0)")]
    [InlineData("r", "-1", "'r' must be at least 1")]
    [InlineData("lora_dropout", "1", "'lora_dropout' must be at least 0 and below 1")]
    [InlineData("bias", "\"some\"", "'bias' must be none, all or lora_only")]
    public void SettingsThatCannotBeFollowedAreRefused(string key, string value, string message)
    {
        var config = new LoraOptions { Rank = 1 }.ToConfig();
        config[key] = JsonNode.Parse(value);
        Assert.Contains(
            message,
            Assert.Throws<InvalidDataException>(() => Lora.Create(TinyModel.Llama(), config, random)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void ATokenTableThatIsTheOutputMatrixIsNotSaved()
    {
        var config = new LoraOptions { Rank = 1, ModulesToSave = "wte" }.ToConfig();
        Assert.Contains(
            "is tied to the output matrix",
            Assert.Throws<InvalidDataException>(() => Lora.Create(TinyModel.Gpt2(), config, random)).Message);
    }

    [Fact]
    public void AnAdapterOfAnotherModelIsRefused()
    {
        using var folder = new TemporaryFolder();
        using var lora = Changed(TinyModel.Llama(), new() { Rank = 2, Targets = "q_proj" });
        Peft.Save(folder.Path, lora, "nowhere");
        lora.Config["r"] = 4;
        Assert.Contains("matches no layer", Assert.Throws<InvalidDataException>(() => Peft.Load(folder.Path, TinyModel.Gpt2())).Message);
        Assert.Contains(
            "'nowhere' is not on this machine", Assert.Throws<InvalidDataException>(() => Peft.BaseFolder(folder.Path)).Message);
        var config = JsonNode.Parse(File.ReadAllText(folder.File("adapter_config.json")))!;
        config["r"] = 4;
        File.WriteAllText(folder.File("adapter_config.json"), config.ToJsonString());
        Assert.Contains(
            "has shape [2, 32], but the model and adapter_config.json require [4, 32]",
            Assert.Throws<InvalidDataException>(() => Peft.Load(folder.Path, TinyModel.Llama())).Message);
    }

    [Fact]
    public void TheSavedWeightOfAnAdaptedHeadIsReadAndWritten()
    {
        using var folder = new TemporaryFolder();
        using var lora = Changed(TinyModel.Llama(), new() { Rank = 2, Targets = "lm_head" });
        const string key = "base_model.model.lm_head.base_layer.weight";                   // the name in PEFT's files
        Peft.Save(folder.Path, lora);
        using (var file = Safetensors.Open(folder.File("adapter_model.safetensors")))
            Safetensors.Write(
                folder.File("other"),
                file.Header.Entries.Keys.Select(name => (name, file.Read(name))).Append((key, Tensor.Full([32, 32], 0.25))));
        File.Move(folder.File("other"), folder.File("adapter_model.safetensors"), overwrite: true);
        var model = TinyModel.Llama();
        using var read = Peft.Load(folder.Path, model);
        Assert.All(
            model.NamedParameters().Single(parameter => parameter.Name == "lm_head.weight").Value.Value.ToArray<float>(),
            x => Assert.Equal(0.25f, x));
        Assert.DoesNotContain(key, read.NamedParameters().Select(parameter => parameter.Name));
        Peft.Save(folder.Path, read);
        Assert.Contains(key, SafetensorsHeader.Read(folder.File("adapter_model.safetensors")).Entries.Keys);
    }

    IEnumerable<(string Name, long Rank)> Adapted(JsonObject config)
    {
        try
        {
            using var lora = Lora.Create(TinyModel.Llama(), config, random);
            return [.. lora.NamedParameters().Where(parameter => parameter.Name.EndsWith(".lora_A.weight", StringComparison.Ordinal))
                .Select(parameter => (parameter.Name["base_model.model.".Length..^".lora_A.weight".Length], parameter.Value.Shape[0]))];
        }
        catch (InvalidDataException error) when (error.Message.Contains("matches no layer", StringComparison.Ordinal))
        {
            return [];
        }
    }

    /// <summary>An adapter with random parameters.</summary>
    Lora Changed(Module model, LoraOptions options)
    {
        var lora = Lora.Create(model, options.ToConfig(), random);
        foreach (var (_, parameter) in lora.NamedParameters())
            parameter.Value.NormalInPlace(0, 0.3, random);
        return lora;
    }

    static ModelInput Input() => new(Tensor.From([3L, 9, 4, 7, 5, 6], 2, 3));

    static ModelInput InputOf(LanguageModel model) =>
        model.Backbone.Kind == BackboneKind.EncoderDecoder ? Input() with { Source = Input() } : Input();

    static float[] Logits(LanguageModel model) => model.Logits(model.HiddenStates(Input())).ToArray<float>();

    static void Close(float[] expected, float[] actual) =>
        Numeric.Close(Array.ConvertAll(expected, x => (double)x), actual, "logits", 1e-4, 1e-4);

    static string[] Names(Module model) => [.. model.NamedParameters().Select(parameter => parameter.Name)];

    static byte[] Weights(Module model) => [.. model.Parameters.SelectMany(parameter => parameter.Value.RawBytes().ToArray())];
}
