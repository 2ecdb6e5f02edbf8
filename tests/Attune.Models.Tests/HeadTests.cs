using Attune.Models.Backbones;
using Attune.Models.Checkpoints;
using Attune.Models.Heads;
using Attune.Models.Layers;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Models.Tests;

public sealed class HeadTests : IDisposable
{
    readonly TemporaryFolder folder = new();
    readonly RandomSource random = new(3);
    readonly TensorScope scope = TensorScope.Open();

    public void Dispose()
    {
        scope.Dispose();
        random.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    [InlineData("t5")]
    [InlineData("bert")]
    public void SaveAndLoad_NamedHeads_ComeBackBitForBit(string family)
    {
        var model = WithHeads(TinyModel.Of(family));
        Pretrained.Save(folder.Path, model);
        var read = Pretrained.LoadLanguageModel(folder.Path);
        Assert.Equal(["q_heads.0", "v", "second", "v_head"], read.Heads.Keys);
        Assert.Equal(Bits(model), Bits(read));
        Assert.Equal(
            TinyModel.Of(family).NamedParameters().Select(own => own.Name).Order(StringComparer.Ordinal),
            SafetensorsHeader.Read(folder.File("model.safetensors")).Entries.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(read.Heads["v_head"], read.ValueHead);
        Assert.Equal(["q_heads.0", "v", "second", "v_head"], Pretrained.Describe(folder.Path).Heads);
        Assert.Equal(
            """{"q_heads.0":{"kind":"mlp","outputs":5},"v":{"kind":"mlp","outputs":1},"""
            + "\"second\":{\"kind\":\"value\"},\"v_head\":{\"kind\":\"value\"}}",
            Pretrained.ReadConfig(folder.Path)["attune_heads"]!.ToJsonString());
    }

    [Fact]
    public void Save_RemovedHeads_LeavesNoDescription()
    {
        Pretrained.Save(folder.Path, WithHeads(TinyModel.Gpt2()));
        var model = Pretrained.LoadLanguageModel(folder.Path);
        foreach (var name in model.Heads.Keys.ToList())
            model.RemoveHead(name);
        Pretrained.Save(folder.Path, model);
        Assert.Null(Pretrained.ReadConfig(folder.Path)["attune_heads"]);
        Assert.Equal(Bits(TinyModel.Gpt2()), Bits(Pretrained.LoadLanguageModel(folder.Path)));
    }

    [Fact]
    public void Load_HeadsInsideTheModelFile_AreFound()
    {
        var model = WithHeads(TinyModel.Gpt2());
        Pretrained.Save(folder.Path, model);
        File.Delete(folder.File(Path.Combine("heads", "heads.safetensors")));
        Safetensors.Write(folder.File("model.safetensors"), model.NamedParameters().Select(own => (own.Name, own.Value.Value)));
        Assert.Equal(Bits(model), Bits(Pretrained.LoadLanguageModel(folder.Path)));
    }

    [Fact]
    public void Load_ValueHeadWithoutDescription_IsFound()
    {
        var model = TinyModel.Gpt2();
        model.AddValueHead().Initialize(random);
        Pretrained.Save(folder.Path, model);
        var config = Pretrained.ReadConfig(folder.Path);
        Assert.True(config.Remove("attune_heads"));
        folder.Write("config.json", config.ToJsonString());
        Assert.Equal(["v_head"], Pretrained.LoadLanguageModel(folder.Path).Heads.Keys);
    }

    [Theory]
    [InlineData("base_model.", true)]
    [InlineData("base_model.", false)]
    [InlineData("", true)]
    public void Load_IlqlHeadsOfTrlx_AreFoundAndGenerateWithItsDefaults(string prefix, bool twoQs)
    {
        var model = TinyModel.Gpt2();
        IlqlHeads.AddTo(model, twoQs, random);
        Pretrained.Save(folder.Path, TinyModel.Gpt2());
        Safetensors.Write(folder.File("model.safetensors"), model.NamedParameters().Select(own =>
            (own.Name.StartsWith("ilql_heads.", StringComparison.Ordinal) ? own.Name : prefix + own.Name, own.Value.Value)));
        var read = Pretrained.LoadLanguageModel(folder.Path);
        Assert.Equal(Bits(model), Bits(read));
        Assert.Equal(twoQs ? 2 : 1, IlqlHeads.Of(read)!.TargetQ.Count);
        Assert.All(IlqlHeads.Of(read)!.TargetQ, head => Assert.True(head.IsFrozen));
        Assert.Equal(new AdvantageShift(1, 20), read.Advantage);
        Assert.Equal(read.Heads.Keys, Pretrained.Describe(folder.Path).Heads);
        Pretrained.RewardModelFrom(folder.Path, random);
    }

    [Fact]
    public void Load_IncompleteIlqlHeadsOfTrlx_NamesWhatIsMissing()
    {
        var model = TinyModel.Gpt2();
        IlqlHeads.AddTo(model, twoQs: true, random);
        Pretrained.Save(folder.Path, TinyModel.Gpt2());
        Safetensors.Write(folder.File("model.safetensors"), model.NamedParameters()
            .Where(own => !own.Name.StartsWith("ilql_heads.target_q_heads.1.", StringComparison.Ordinal))
            .Select(own => (own.Name, own.Value.Value)));
        Assert.Contains(
            "lacks ilql_heads.target_q_heads.1.0.weight",
            Assert.Throws<InvalidDataException>(() => Pretrained.LoadLanguageModel(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Forward_MlpHead_IsLinearReluLinear()
    {
        var head = WithHeads(TinyModel.Gpt2()).Heads["q_heads.0"];
        var weights = head.NamedParameters().ToDictionary(own => own.Name, own => own.Value.Value);
        var hidden = Tensor.Full([2, 3, 32], 0).NormalInPlace(0, 1, random);
        var expected = hidden.Linear(weights["0.weight"], weights["0.bias"]).Relu().Linear(weights["2.weight"], weights["2.bias"]);
        Assert.Equal([2, 3, 5], head.Forward(hidden).Shape.ToArray());
        Assert.Equal(expected.ToArray<float>(), head.Forward(hidden).ToArray<float>());
        Assert.Equal([2, 3], WithHeads(TinyModel.Gpt2()).Heads["v"].Forward(hidden).Shape.ToArray());
    }

    [Fact]
    public void Frozen_NamedHeads_KeepsWhatTheyComputed()
    {
        var model = WithHeads(TinyModel.Gpt2());
        model.SetTrainable(true);
        model.Heads["v"].SetTrainable(false);
        var before = Bits(model);
        var copy = ModelCopy.Frozen(model);
        using (Autograd.NoGrad())
            foreach (var parameter in model.Heads["q_heads.0"].Parameters)
                parameter.Value.FillInPlace(7);
        Assert.Equal(before, Bits(copy));
        Assert.NotEqual(before, Bits(model));
        Assert.All(copy.Parameters, parameter => Assert.False(parameter.Trainable));
        Assert.Same(model.Heads["v"].Parameters.First().Value, copy.Heads["v"].Parameters.First().Value);
    }

    [Fact]
    public void RewardModelFrom_ModelWithHeads_DropsThem()
    {
        Pretrained.Save(folder.Path, WithHeads(TinyModel.Gpt2()));
        Pretrained.Save(folder.Path, Pretrained.RewardModelFrom(folder.Path, random));
        Assert.Null(Pretrained.ReadConfig(folder.Path)["attune_heads"]);
        var score = Pretrained.LoadRewardModel(folder.Path).Score(new ModelInput(Tensor.From([3L, 4, 5], 1, 3)));
        Assert.Equal([1], score.Shape.ToArray());
    }

    [Theory]
    [InlineData("v_head", 32, "already has parameters")]
    [InlineData("transformer.h", 32, "already has parameters")]
    [InlineData("a b", 32, "must consist of letters")]
    [InlineData("q", 16, "must have the model's width, 32 (was 16)")]
    public void AddHead_ThatDoesNotFit_IsRefused(string name, long width, string expected) =>
        Assert.Contains(
            expected, Assert.Throws<ArgumentException>(() => WithHeads(TinyModel.Gpt2()).AddHead(name, new ValueHead(width))).Message);

    /// <summary>Four heads of random weights, added in another order than that of their names.</summary>
    LanguageModel WithHeads(LanguageModel model)
    {
        model.AddHead("q_heads.0", new MlpHead(model.Backbone.Width, 5));
        model.AddHead("v", new MlpHead(model.Backbone.Width, 1));
        model.AddHead("second", new ValueHead(model.Backbone.Width));
        model.AddValueHead();
        foreach (var head in model.Heads.Values)
        {
            head.Initialize(random);
            foreach (var parameter in head.Parameters)
                parameter.Value.NormalInPlace(0, 1, random);
        }
        return model;
    }

    static List<string> Bits(Module model) =>
        [.. model.NamedParameters().Select(own => $"{own.Name} {Convert.ToHexStringLower(own.Value.Value.RawBytes())}")];
}
