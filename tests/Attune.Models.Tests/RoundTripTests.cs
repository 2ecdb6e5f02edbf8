using System.Text.Json.Nodes;
using Attune.Models.Checkpoints;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Models.Tests;

/// <summary>A loaded checkpoint is saved unchanged: every tensor bit for bit, and every key of its settings.</summary>
[Trait("Category", "Golden")]
public sealed class RoundTripTests
{
    public static TheoryData<string> Checkpoints => [.. GoldenModels.WithClass("")];

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public void ACheckpointComesBackBitForBit(string name)
    {
        using var scope = TensorScope.Open();
        using var written = new TemporaryFolder();
        var before = Golden.PathTo("models", name);
        if (GoldenModels.WithClass("ForSequenceClassification").Contains(name))
            Pretrained.Save(written.Path, Pretrained.LoadRewardModel(before));
        else
            Pretrained.Save(written.Path, Pretrained.LoadLanguageModel(before));
        var (expected, actual) = (Tensors(before), Tensors(written.Path));
        Assert.Equal(expected.Keys, actual.Keys);
        foreach (var (key, tensor) in expected)
        {
            Assert.Equal(tensor.DType, actual[key].DType);
            Golden.Equal(tensor.RawBytes().ToArray(), actual[key].RawBytes().ToArray(), key);
        }
        foreach (var file in (string[])["config.json", "generation_config.json"])
            SameKeys(Path.Combine(before, file), written.File(file));
        Golden.Ran("models: round trips");
    }

    static SortedDictionary<string, Tensor> Tensors(string folder)
    {
        var tensors = new SortedDictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFiles(folder, "*.safetensors", SearchOption.AllDirectories))
        {
            using var file = Safetensors.Open(path);
            foreach (var name in file.Header.Entries.Keys)
                tensors.Add(name, file.Read(name));
        }
        return tensors;
    }

    static void SameKeys(string before, string after)
    {
        if (!File.Exists(before))
            return;
        var (expected, actual) = (
            JsonNode.Parse(File.ReadAllText(before))!.AsObject(), JsonNode.Parse(File.ReadAllText(after))!.AsObject());
        foreach (var (key, value) in expected)
            Assert.True(
                JsonNode.DeepEquals(value, actual[key]), $"{before}: {key} was {value?.ToJsonString()}, is {actual[key]?.ToJsonString()}");
    }
}
