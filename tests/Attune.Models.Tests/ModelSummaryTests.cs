using Attune.Models.Checkpoints;
using Attune.Testing;
using Attune.Testing.Models;
using Attune.Torch;

namespace Attune.Models.Tests;

public sealed class ModelSummaryTests
{
    public static TheoryData<string> Checkpoints => [.. GoldenModels.WithClass("")];

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Checkpoints))]
    public void EveryNumberOfACheckpointIsCountedOnce(string name)
    {
        var folder = Golden.PathTo("models", name);
        var entries = Directory.EnumerateFiles(folder, "*.safetensors")
            .SelectMany(file => SafetensorsHeader.Read(file).Entries.Values).ToList();
        var summary = Pretrained.Describe(folder);
        Golden.Equal(
            entries.Sum(entry => entry.Shape.Aggregate(1L, (product, length) => product * length)), summary.Parameters, "parameters");
        Golden.Equal(entries.Sum(entry => entry.End - entry.Start), summary.Bytes, "bytes");
        Golden.Ran("models: summaries");
    }

    /// <summary>
    /// Two layers of width 32 with 4 heads and 2 key heads, and an MLP of 96: 2 · 2 · 2 · 8 elements for each token in the cache, and
    /// 16 (in + out) parameters for each adapted matrix.
    /// </summary>
    [Fact]
    public void CacheAndAdapterAreCountedByTheirShapes()
    {
        using var folder = new TemporaryFolder();
        Pretrained.Save(folder.Path, TinyModel.Llama());
        var summary = Pretrained.Describe(folder.Path);
        Assert.Equal(64 * 4, summary.CacheBytesPerToken(DType.Float32));
        Assert.Equal(2 * 16 * ((32 + 32) + (32 + 16) + (32 + 16) + (32 + 32) + 3 * (32 + 96)), summary.LowRankParameters);
        Assert.Equal(summary.Parameters * 16, summary.BytesToTrain);
    }

    [Fact]
    public void AnEncoderKeepsNothing() =>
        Assert.Equal(0, Pretrained.Describe(Golden.PathTo("models", "bert")).CacheBytesPerToken(DType.Float32));
}
