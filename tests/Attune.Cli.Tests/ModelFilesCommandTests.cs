using Attune.Models.Adapters;
using Attune.Models.Checkpoints;
using Attune.Models.Layers;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Parameters;
using static Attune.Cli.Tests.Commands;

namespace Attune.Cli.Tests;

/// <summary>`attune models merge`, `convert` and `average`.</summary>
public sealed class ModelFilesCommandTests : ModelFolderTests
{
    [Fact]
    public void Merge_WritesTheWholeModelOfAnAdapter()
    {
        var (adapter, output) = (NewAdapter(), folder.File("merged"));
        Assert.Equal(output + "\n", Succeed("models", "merge", adapter, output));
        Assert.Equal(Values(Pretrained.LoadLanguageModel(adapter)), Values(Pretrained.LoadLanguageModel(output)));
        Assert.NotEqual(Values(Pretrained.LoadLanguageModel(model)), Values(Pretrained.LoadLanguageModel(output)));
        Assert.Equal(TinyData.Tokenizer.Encode("The cat"), ModelFolder.LoadTokenizer(output).Encode("The cat"));
        Fail("exists already; name a new folder", "models", "merge", adapter, output);
        Fail("is a whole model and no adapter; `attune models convert`", "models", "merge", model, folder.File("other"));
    }

    string NewAdapter()
    {
        var language = Pretrained.LoadLanguageModel(model);
        using var random = new RandomSource(2);
        using var lora = Lora.Create(language, new LoraOptions { Rank = 2 }.ToConfig(), random);
        foreach (var (_, parameter) in lora.NamedParameters())
            parameter.Value.NormalInPlace(0, 0.1, random);
        Peft.Save(folder.File("adapter"), lora, model);
        return folder.File("adapter");
    }

    static float[] Values(Module module) => [.. module.Parameters.SelectMany(parameter => parameter.Value.ToArray<float>())];

    [Fact]
    public void Convert_RoundsEveryWeight()
    {
        var (half, back) = (folder.File("half"), folder.File("back"));
        Succeed("models", "convert", model, half, "--dtype", "bfloat16");
        Assert.Contains("bfloat16: ", Succeed("models", "show", half));
        Assert.Equal("bfloat16", (string?)Pretrained.ReadConfig(half)["torch_dtype"]);
        Succeed("models", "convert", half, back, "--dtype", "float32");
        Assert.Equal("float32", (string?)Pretrained.ReadConfig(back)["torch_dtype"]);
        var expected = Pretrained.LoadLanguageModel(model).Parameters
            .SelectMany(own => own.Value.To(DType.BFloat16).To(DType.Float32).ToArray<float>());
        Assert.Equal(expected, Values(Pretrained.LoadLanguageModel(back)));
        Succeed("models", "convert", rewardModel, folder.File("half-reward"), "--dtype", "float16");
        Assert.Equal(DType.Float16, Pretrained.LoadRewardModel(folder.File("half-reward"), dtype: null).Parameters.First().StoredDType);
    }

    [Fact]
    public void Convert_OfAWeightBeyondFloat16_IsRefused()
    {
        var language = Pretrained.LoadLanguageModel(model);
        language.Backbone.TokenEmbedding.Value.FillInPlace(70_000);
        ModelFolder.Save(folder.File("large"), language, TinyData.Tokenizer);
        Fail(
            "'model.embed_tokens.weight' has a weight beyond the range of float16; use bfloat16 or float32",
            "models", "convert", folder.File("large"), folder.File("half"), "--dtype", "float16");
        Assert.False(Directory.Exists(folder.File("half")));
    }

    [Fact]
    public void Average_IsTheWeightedMean()
    {
        var (other, output) = (folder.File("other"), folder.File("mean"));
        var second = Pretrained.LoadLanguageModel(model);
        using var random = new RandomSource(3);
        foreach (var parameter in second.Parameters)
            parameter.Value.NormalInPlace(0, 1, random);
        ModelFolder.Save(other, second, TinyData.Tokenizer);
        Succeed("models", "average", model, other, "--weights", "1,3", "--output", output);
        var expected = Values(Pretrained.LoadLanguageModel(model)).Zip(Values(second), (a, b) => 0.25f * a + 0.75f * b);
        foreach (var (mean, actual) in expected.Zip(Values(Pretrained.LoadLanguageModel(output))))
            Assert.Equal(mean, actual, 1e-6f);
        Fail("--weights must have a number above 0 for each of the 2 models (was '1,0')",
            "models", "average", model, other, "--weights", "1,0", "--output", folder.File("x"));
        Fail("are different models: one is a reward model", "models", "average", model, rewardModel, "--output", folder.File("x"));
    }

    [Fact]
    public void Average_OfCheckpoints_IsTheirMean()
    {
        var run = folder.File("run");
        Succeed([.. Train("pretrain", model, TinyData.Documents(folder)), "training.steps=2", "run.checkpointEvery=1", "batchSize=2"]);
        var checkpoints = new[] { "step-000001", "step-000002" }.Select(step => Path.Combine(run, "checkpoints", step)).ToList();
        Succeed("models", "average", checkpoints[0], checkpoints[1], "--output", folder.File("mean"));
        using var first = Safetensors.Open(Path.Combine(checkpoints[0], "state.safetensors"));
        var last = Pretrained.LoadLanguageModel(Path.Combine(run, "model"));
        const string Name = "model.norm.weight";
        var expected = first.Read($"model/{Name}").ToArray<float>().Zip(NormOf(last), (a, b) => (a + b) / 2);
        Assert.Equal(expected, NormOf(Pretrained.LoadLanguageModel(folder.File("mean"))));

        static float[] NormOf(Module model) => model.NamedParameters().First(own => own.Name == Name).Value.Value.ToArray<float>();
    }
}
