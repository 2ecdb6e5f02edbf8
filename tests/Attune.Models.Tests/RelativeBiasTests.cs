using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Tests;

public sealed class RelativeBiasTests
{
    // 32 buckets up to 128, as all checkpoints of T5 have them. Both directions: 16 each, 8 of them exact; 8 + 8 log(d/8)/log(16) after that.
    [Theory]
    [InlineData(0, 0)]
    [InlineData(-7, 7)]
    [InlineData(-8, 8)]
    [InlineData(-11, 8)]
    [InlineData(-12, 9)]
    [InlineData(-16, 10)]
    [InlineData(-64, 14)]
    [InlineData(-127, 15)]
    [InlineData(-5000, 15)]
    [InlineData(1, 17)]
    [InlineData(32, 28)]
    [InlineData(5000, 31)]
    public void AReaderOfBothDirectionsHasHalfOfTheBucketsForEach(long distance, long bucket) =>
        Assert.Equal(bucket, new RelativeBias(1, 32, 128, bothDirections: true, 1).Bucket(distance));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(3, 0)]
    [InlineData(-15, 15)]
    [InlineData(-16, 16)]
    [InlineData(-19, 17)]
    [InlineData(-128, 31)]
    public void AWriterHasAllBucketsForWhatStandsBefore(long distance, long bucket) =>
        Assert.Equal(bucket, new RelativeBias(1, 32, 128, bothDirections: false, 1).Bucket(distance));

    [Fact]
    public void TheLastQueriesSeeAllKeys()
    {
        using var scope = TensorScope.Open();
        using var random = new RandomSource(1);
        var bias = new RelativeBias(2, 8, 16, bothDirections: false, 1);
        bias.Initialize(random);
        var whole = bias.Forward(5, 5);
        Assert.Equal([1, 2, 5, 5], whole.Shape.ToArray());
        Assert.Equal(whole.Slice(2, 4).ToArray<float>(), bias.Forward(1, 5).ToArray<float>());
    }
}
