using Attune.Models.Layers;
using Attune.Torch;

namespace Attune.Models.Tests;

public sealed class RelativeBiasTests
{
    // 32 buckets up to distance 128, as in all checkpoints of T5. Bidirectional: 16 for each direction, 8 of them for one distance each;
    // from distance 8 on, bucket 8 + 8 log(d/8)/log(16).
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
        Assert.Equal(bucket, new RelativeBias(1, 32, 128, bidirectional: true, 1).Bucket(distance));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(3, 0)]
    [InlineData(-15, 15)]
    [InlineData(-16, 16)]
    [InlineData(-19, 17)]
    [InlineData(-128, 31)]
    public void AWriterHasAllBucketsForWhatStandsBefore(long distance, long bucket) =>
        Assert.Equal(bucket, new RelativeBias(1, 32, 128, bidirectional: false, 1).Bucket(distance));

    [Fact]
    public void TheLastQueriesSeeAllKeys()
    {
        using var scope = TensorScope.Open();
        using var random = new RandomSource(1);
        var bias = new RelativeBias(2, 8, 16, bidirectional: false, 1);
        bias.Initialize(random);
        var whole = bias.Forward(5, 5);
        Assert.Equal([1, 2, 5, 5], whole.Shape.ToArray());
        Assert.Equal(whole.Slice(2, 4).ToArray<float>(), bias.Forward(1, 5).ToArray<float>());
    }
}
