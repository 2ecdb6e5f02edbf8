using System.Text.Json.Nodes;
using Attune.Models.Backbones;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Models.Tests;

/// <summary>Process reward models: a head with two labels at every token, in the format of *ForTokenClassification.</summary>
public sealed class ProcessRewardModelTests : IDisposable
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
    [InlineData("gpt2", "GPT2ForTokenClassification", "classifier")]
    [InlineData("llama", "LlamaForTokenClassification", "score")]
    [InlineData("bert", "BertForTokenClassification", "classifier")]
    public void SaveAndLoad_EachFamily_HasTransformersNamesAndComesBackBitForBit(string family, string className, string head)
    {
        var model = Save(family, "prm", separator: "\n\n");
        var config = Pretrained.ReadConfig(folder.File("prm"));
        Assert.Equal($"""["{className}"]""", config["architectures"]!.ToJsonString());
        Assert.Equal("""{"0":"LABEL_0","1":"LABEL_1"}""", config["id2label"]!.ToJsonString());
        Assert.Equal("""{"LABEL_0":0,"LABEL_1":1}""", config["label2id"]!.ToJsonString());
        var entries = SafetensorsHeader.Read(Path.Combine(folder.File("prm"), "model.safetensors")).Entries;
        Assert.Equal([2, 32], entries[$"{head}.weight"].Shape);
        Assert.Equal([2], entries[$"{head}.bias"].Shape);
        var backbone = ModelFamily.All.First(known => known.Type == family).BackboneName + ".";
        Assert.All(entries.Keys, name => Assert.True(
            name.StartsWith(backbone, StringComparison.Ordinal) || name.StartsWith(head + ".", StringComparison.Ordinal), name));
        Assert.DoesNotContain(entries.Keys, name => name.Contains("pooler", StringComparison.Ordinal));

        var read = Pretrained.LoadRewardModel(folder.File("prm"));
        Assert.Equal("\n\n", read.StepSeparator);
        Assert.Equal(model.StepLogits(Input()).ToArray<float>(), read.StepLogits(Input()).ToArray<float>());
        Assert.Equal([2, 5, 2], read.StepLogits(Input()).Shape.ToArray());
        Assert.Equal(className, Pretrained.Describe(folder.File("prm")).ClassName);
    }

    [Fact]
    public void Load_TokenClassifierOfAnotherProgram_HasTrlsSeparatorAndIsTrainedFurther()
    {
        var model = Save("llama", "prm", separator: "##");
        Change("prm", config => config.Remove("attune_reward"));
        var read = Pretrained.LoadRewardModel(folder.File("prm"));
        Assert.Equal("\n", read.StepSeparator);
        var further = Pretrained.RewardModelFrom(folder.File("prm"), random, stepSeparator: "\n");
        Assert.Equal(model.StepLogits(Input()).ToArray<float>(), further.StepLogits(Input()).ToArray<float>());
    }

    [Fact]
    public void ScoreTokens_OfSteps_IsTheDifferenceOfTheLogits()
    {
        var model = Save("gpt2", "prm", separator: "\n");
        var logits = model.StepLogits(Input());
        Numeric.Close(
            [.. (logits.Select(-1, 1) - logits.Select(-1, 0)).ToArray<float>().Select(number => (double)number)],
            model.ScoreTokens(Input()).ToArray<float>(), "log-odds");
    }

    [Fact]
    public void StepLogits_ModelOfWholeResponses_IsRefused()
    {
        Assert.Null(TinyModel.Reward().StepSeparator);
        Assert.Throws<InvalidOperationException>(() => TinyModel.Reward().StepLogits(Input()));
    }

    [Theory]
    [InlineData("t5", "a t5 model cannot be a process reward model")]
    [InlineData("one label", "has a head with 1 labels; a process reward model must have two labels")]
    [InlineData("separator", "'attune_reward.stepSeparator' must be a text that is not empty (was 3)")]
    public void Load_FoldersThatAreNone_SayWhy(string kind, string expected)
    {
        if (kind == "separator")
        {
            Save("llama", "prm", separator: "\n");
            Change("prm", config => config["attune_reward"]!["stepSeparator"] = 3);
        }
        else
            Pretrained.Save(folder.File("prm"), TinyModel.Of(kind == "t5" ? "t5" : "llama"));
        if (kind == "one label")
        {
            Pretrained.Save(folder.File("rm"), Pretrained.RewardModelFrom(folder.File("prm"), random));
            Directory.Move(folder.File("rm"), folder.File("prm2"));
        }
        var error = Assert.Throws<InvalidDataException>(() => kind == "separator"
            ? Pretrained.LoadRewardModel(folder.File("prm"))
            : Pretrained.RewardModelFrom(folder.File(kind == "one label" ? "prm2" : "prm"), random, stepSeparator: "\n"));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    RewardModel Save(string family, string name, string separator)
    {
        Pretrained.Save(folder.File("lm"), TinyModel.Of(family));
        var model = Pretrained.RewardModelFrom(folder.File("lm"), random, stepSeparator: separator);
        Pretrained.Save(folder.File(name), model);
        return model;
    }

    void Change(string name, Action<JsonObject> change)
    {
        var config = Pretrained.ReadConfig(folder.File(name));
        change(config);
        File.WriteAllText(Path.Combine(folder.File(name), "config.json"), config.ToJsonString());
    }

    static ModelInput Input() => ModelInput.FromPadded(
        Tensor.From((long[])[5, 6, 7, 8, 9, 10, 11, 12, 1, 1], 2, 5),
        Tensor.From((bool[])[true, true, true, true, true, true, true, true, false, false], 2, 5));
}
