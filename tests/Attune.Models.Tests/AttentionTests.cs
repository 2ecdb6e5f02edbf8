using Attune.Models.Backbones;
using Attune.Torch;

namespace Attune.Models.Tests;

public sealed class AttentionTests : IDisposable
{
    readonly TensorScope scope = TensorScope.Open();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void ADecoderLooksAtItselfAndBack() =>
        Assert.Equal(["#...", "##..", "###.", "####"], Seen(Input(4), cached: 0, window: 0));

    [Fact]
    public void AWindowCountsTheTokenItself() =>
        Assert.Equal(["#...", "##..", ".##.", "..##"], Seen(Input(4), cached: 0, window: 2));

    [Fact]
    public void AWindowReachesIntoTheCache() =>
        Assert.Equal([".###.", "..###"], Seen(Input(2), cached: 3, window: 3));

    [Fact]
    public void AWindowCountsColumnsNotRealTokens()
    {
        var input = Input(4) with { AttentionMask = Tensor.From([true, true, false, true], 1, 4) };
        Assert.Equal(["#...", "##..", ".#..", "...#"], Seen(input, cached: 0, window: 2));
    }

    [Fact]
    public void AWindowEndsWhereADocumentBegins()
    {
        var input = Input(5) with { Segments = Tensor.From([0L, 0, 1, 1, 1], 1, 5) };
        Assert.Equal(["#....", "##...", "..#..", "..##.", "...##"], Seen(input, cached: 0, window: 2));
    }

    static ModelInput Input(long length) => new(Tensor.Zeros([1, length], DType.Int64));

    static IEnumerable<string> Seen(ModelInput input, long cached, long window)
    {
        var bias = Attention.CausalMask(input, cached, window);
        return bias.ToArray<float>().Chunk((int)bias.Size(-1)).Select(row => string.Concat(row.Select(x => x == 0 ? '#' : '.')));
    }
}
