using System.Text.Json.Nodes;
using Attune.Models.Backbones;
using Attune.Models.Checkpoints;
using Attune.Models.Layers;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Models.Tests;

public sealed class PretrainedTests : IDisposable
{
    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    [InlineData("t5")]
    [InlineData("bert")]
    public void AModelComesBackBitForBit(string family)
    {
        var model = TinyModel.Of(family);
        model.Config["a_key_of_somebody_else"] = 7;
        Pretrained.Save(folder.Path, model);
        var read = Pretrained.LoadLanguageModel(folder.Path);
        Assert.Equal(Names(model), Names(read));
        foreach (var (before, after) in model.Parameters.Zip(read.Parameters))
            Assert.Equal(before.Value.RawBytes(), after.Value.RawBytes());
        Assert.Equal(7, (int)read.Config["a_key_of_somebody_else"]!);
    }

    [Fact]
    public void ATiedOutputHeadIsNotWritten()
    {
        Pretrained.Save(folder.Path, TinyModel.Gpt2());
        Assert.DoesNotContain("lm_head.weight", SafetensorsHeader.Read(folder.File("model.safetensors")).Entries.Keys);
    }

    [Fact]
    public void TheGenerationConfigNamesTheSpecialTokens()
    {
        Pretrained.Save(folder.Path, TinyModel.Gpt2());
        var json = JsonNode.Parse(File.ReadAllText(folder.File("generation_config.json")))!;
        Assert.Equal(TinyModel.Eos, (int)json["eos_token_id"]!);
        Assert.Equal(TinyModel.Pad, (int)json["pad_token_id"]!);
    }

    [Theory]
    [InlineData("""{"eos_token_id": [3, 5], "temperature": 0.6}""", new[] { 3, 5 })]
    [InlineData("""{"eos_token_id": 4}""", new[] { 4 })]
    [InlineData("""{"eos_token_id": [99999, -1, 3]}""", new[] { 3 })]
    [InlineData("{}", new[] { TinyModel.Eos })]
    public void AnAnswerEndsWhereTheGenerationConfigSaysElseWhereTheConfigDoes(string generation, int[] expected)
    {
        Pretrained.Save(folder.Path, TinyModel.Gpt2());
        File.WriteAllText(folder.File("generation_config.json"), generation);
        var model = Pretrained.LoadLanguageModel(folder.Path);
        Assert.Equal(expected, model.EosIds);
        Pretrained.Save(folder.Path, model);
        Assert.True(
            JsonNode.DeepEquals(JsonNode.Parse(generation), JsonNode.Parse(File.ReadAllText(folder.File("generation_config.json")))));
    }

    [Fact]
    public void ARewardModelStartsFromALanguageModelAndKeepsItsHead()
    {
        Pretrained.Save(folder.Path, TinyModel.Gpt2());
        using var random = new RandomSource(3);
        var reward = Pretrained.RewardModelFrom(folder.Path, random);
        Pretrained.Save(folder.Path, reward);
        var read = Pretrained.LoadRewardModel(folder.Path);
        var input = new ModelInput(Tensor.From([3L, 4, 5], 1, 3));
        Assert.Equal(reward.Score(input).ToArray<float>(), read.Score(input).ToArray<float>());
        Assert.Equal("GPT2ForSequenceClassification", (string)read.Config["architectures"]![0]!);
    }

    [Fact]
    public void AMissingRewardHeadIsAnErrorAndNeverRandom()
    {
        Pretrained.Save(folder.Path, TinyModel.Gpt2());
        Assert.Contains("no reward head", Assert.Throws<InvalidDataException>(() => Pretrained.LoadRewardModel(folder.Path)).Message);
    }

    [Fact]
    public void AMissingValueHeadIsAnErrorAndNeverRandom()
    {
        Pretrained.Save(folder.Path, TinyModel.Gpt2());
        var error = Assert.Throws<InvalidDataException>(() => Pretrained.LoadLanguageModel(folder.Path, expectValueHead: true));
        Assert.Contains("v_head.summary.weight", error.Message);
    }

    [Fact]
    public void AValueHeadComesBackWithItsModel()
    {
        var model = TinyModel.Gpt2();
        using var random = new RandomSource(3);
        model.AddValueHead().Initialize(random);
        model.ValueHead!.Parameters.First().Value.NormalInPlace(0, 1, random);
        Pretrained.Save(folder.Path, model);
        var read = Pretrained.LoadLanguageModel(folder.Path, expectValueHead: true);
        Assert.Equal(model.ValueHead.Parameters.First().Value.RawBytes(), read.ValueHead!.Parameters.First().Value.RawBytes());
    }

    [Fact]
    public void ABareBackboneIsReadWithoutItsPrefix()
    {
        var model = TinyModel.Gpt2();
        Pretrained.Save(folder.Path, model);
        Safetensors.Write(
            folder.File("model.safetensors"), model.NamedParameters().Select(p => (p.Name["transformer.".Length..], p.Value.Value)));
        Assert.Equal(Names(model), Names(Pretrained.LoadLanguageModel(folder.Path)));
    }

    [Fact]
    public void NormsOfAnOldBertAreReadByTheirNewNames()
    {
        var model = TinyModel.Bert();
        Pretrained.Save(folder.Path, model);
        Safetensors.Write(folder.File("model.safetensors"), model.NamedParameters().Select(p =>
            (OldName(p.Name), p.Value.Value)));
        Assert.Equal(Names(model), Names(Pretrained.LoadLanguageModel(folder.Path)));

        static string OldName(string name) => name
            .Replace("LayerNorm.weight", "LayerNorm.gamma", StringComparison.Ordinal)
            .Replace("LayerNorm.bias", "LayerNorm.beta", StringComparison.Ordinal);
    }

    [Fact]
    public void ARewardModelKeepsThePoolerThatAnEncoderBrings()
    {
        var model = TinyModel.Bert();
        Pretrained.Save(folder.Path, model);
        using var scope = TensorScope.Open();
        (string, Tensor)[] pooler =
            [("bert.pooler.dense.weight", Tensor.Full([32, 32], 0.5)), ("bert.pooler.dense.bias", Tensor.Full([32], 0.25))];
        Safetensors.Write(folder.File("model.safetensors"), model.NamedParameters().Select(p => (p.Name, p.Value.Value)).Concat(pooler));
        Assert.Equal(Names(model), Names(Pretrained.LoadLanguageModel(folder.Path)));
        using var random = new RandomSource(3);
        var reward = Pretrained.RewardModelFrom(folder.Path, random).NamedParameters().ToDictionary(p => p.Name, p => p.Value.Value);
        Assert.All(reward["bert.pooler.dense.weight"].ToArray<float>(), weight => Assert.Equal(0.5f, weight));
        Assert.Contains("classifier.weight", reward.Keys);
    }

    [Theory]
    [InlineData("""{"model_type":"bloom"}""", "'bloom' are not supported; supported types are gpt2, gpt_neox, llama")]
    [InlineData("""{"model_type":"gpt2","n_embd":10,"n_head":3}""", "n_embd (10) must be a multiple of n_head (3)")]
    [InlineData("""{"model_type":"gpt2","n_layer":"two"}""", "'n_layer' must be a number (was \"two\")")]
    [InlineData("""{"model_type":"gpt2","n_layer":-2}""", "'n_layer' must be at least 1 (was -2)")]
    [InlineData("""{"model_type":"gpt2","activation_function":"gelo"}""", "'gelo' is not supported")]
    [InlineData("""{"model_type":"llama"}""", "'hidden_size' is missing")]
    [InlineData(
        """{"model_type":"bert","position_embedding_type":"relative_key"}""",
        "position_embedding_type must be absolute (was relative_key)")]
    [InlineData("""{"model_type":"roberta","is_decoder":true}""", "is_decoder must be false")]
    [InlineData("""{"model_type":"roberta","max_position_embeddings":2}""", "max_position_embeddings must be above 2")]
    [InlineData("""{"model_type":"distilbert","dim":10,"n_heads":3}""", "the width (10) must be a multiple of the attention heads (3)")]
    [InlineData(
        """{"model_type":"gpt2","quantization_config":{"quant_method":"fp8"}}""",
        "the checkpoint is quantised (fp8), which is not supported")]
    [InlineData("""{}""", "'model_type' is missing")]
    [InlineData("""{"model_type":""", "config.json, line 1, column 15: this is not valid JSON: expected a value")]
    [InlineData("""[1]""", "config.json must be a JSON object (was a list)")]
    public void AConfigThatCannotBeReadSaysWhatIsWrong(string config, string expected)
    {
        Pretrained.Save(folder.Path, TinyModel.Gpt2());
        folder.Write("config.json", config);
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => Pretrained.LoadLanguageModel(folder.Path)).Message);
    }

    [Fact]
    public void AShapeThatDoesNotFitTheConfigIsNamed()
    {
        Pretrained.Save(folder.Path, TinyModel.Gpt2());
        var config = Pretrained.ReadConfig(folder.Path);
        config["n_positions"] = 64;
        folder.Write("config.json", config.ToJsonString());
        var error = Assert.Throws<InvalidDataException>(() => Pretrained.LoadLanguageModel(folder.Path));
        Assert.Contains("'transformer.wpe.weight' has shape [48, 32], but config.json requires [64, 32]", error.Message);
    }

    [Fact]
    public void AFolderWithoutAModelIsSaid()
    {
        Assert.Contains("no config.json", Assert.Throws<InvalidDataException>(() => Pretrained.LoadLanguageModel(folder.Path)).Message);
        folder.Write("config.json", """{"model_type":"gpt2"}""");
        Assert.Contains(
            "no model.safetensors", Assert.Throws<InvalidDataException>(() => Pretrained.LoadLanguageModel(folder.Path)).Message);
    }

    [Theory]
    [InlineData("a\\u0000.safetensors", "\"a\\u0000.safetensors\" is not the name of a safetensors file")]
    [InlineData("../model.safetensors", "is not the name of a safetensors file")]
    [InlineData("pytorch_model.bin", "is not the name of a safetensors file")]
    [InlineData("", "is not the name of a safetensors file")]
    [InlineData("model-00001-of-00002.safetensors", "lacks model-00001-of-00002.safetensors")]
    public void Load_IndexThatNamesNoShard_IsRefused(string shard, string expected)
    {
        Pretrained.Save(folder.Path, TinyModel.Gpt2());
        File.Delete(folder.File("model.safetensors"));
        folder.Write("model.safetensors.index.json", $$$"""{"weight_map":{"a":"{{{shard}}}"}}""");
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => Pretrained.LoadLanguageModel(folder.Path)).Message);
    }

    static IEnumerable<string> Names(Module model) => model.NamedParameters().Select(p => p.Name);
}
