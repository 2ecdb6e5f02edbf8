namespace Attune.Torch.Tests.Distributed;

public sealed class ProcessGroupTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Sum_ManyTensors_AddsAllRanksWithTheSameBits(int count)
    {
        // Small tensors share a bucket, the large one is exchanged as it is, and a transposed one is not contiguous.
        long[][] shapes = [[3, 5], [], [7_000_000], [0, 4], [1000], [6, 4]];
        var sums = LocalRanks.Run(count, group =>
        {
            using var scope = TensorScope.Open();
            Tensor[] tensors = [.. shapes.Select((shape, i) => Normal(shape, 10 * i + group.Rank))];
            tensors[0].RequiresGrad = true;
            tensors[^1] = tensors[^1].Transpose(0, 1);
            Tensor[] others = [Tensor.From([group.Rank + 1L], 1), Tensor.Full([3], group.Rank + 0.5, DType.BFloat16)];
            group.Sum([.. tensors, .. others]);
            return tensors.Concat(others).Select(tensor => tensor.To(DType.Float64).ToArray<double>()).ToArray();
        });
        using var scope = TensorScope.Open();
        for (var i = 0; i < shapes.Length; i++)
        {
            var expected = Enumerable.Range(0, count).Select(rank => Normal(shapes[i], 10 * i + rank)).Aggregate((a, b) => a + b);
            if (i == shapes.Length - 1)
                expected = expected.Transpose(0, 1);
            var pairs = expected.To(DType.Float64).ToArray<double>().Zip(sums[0][i]);
            Assert.True(pairs.All(pair => Math.Abs(pair.First - pair.Second) < 1e-5));
        }
        Assert.Equal([count * (count + 1) / 2], sums[0][^2]);
        Assert.Equal(Enumerable.Repeat(count * count / 2.0, 3), sums[0][^1]);
        for (var i = 0; i < sums[0].Length; i++)
            Assert.All(sums, rank => Assert.True(sums[0][i].AsSpan().SequenceEqual(rank[i])));
    }

    [Fact]
    public void Broadcast_DifferentSources_CopiesEachTensorFromItsSource()
    {
        int[] sources = [0, 1, 0, 2, 1, 0];
        var results = LocalRanks.Run(3, group =>
        {
            using var scope = TensorScope.Open();
            Tensor[] tensors = [.. sources.Select((_, i) => Tensor.Full(i == 5 ? [7_000_000] : [2, i], 100 * group.Rank + i))];
            using var _ = tensors[3].Converted(DType.BFloat16);
            group.Broadcast(tensors, sources);
            Assert.Equal(203, tensors[3].Converted(DType.BFloat16).To(DType.Float64).ToArray<double>()[0], tolerance: 1);
            return tensors.Select(tensor => tensor.ToArray<float>()).ToArray();
        });
        foreach (var rank in results)
            for (var i = 0; i < sources.Length; i++)
                Assert.Equal(-1, rank[i].AsSpan().IndexOfAnyExcept(100f * sources[i] + i));
    }

    [Fact]
    public void Gather_BytesOfDifferentLengths_HasThoseOfAllRanksInOrder()
    {
        var results = LocalRanks.Run(3, group => group.Gather([.. Enumerable.Repeat((byte)(group.Rank + 5), 1000 * group.Rank)]));
        foreach (var rank in results)
        {
            Assert.Equal([0, 1000, 2000], rank.Select(bytes => bytes.Length));
            Assert.All(rank.Index(), entry => Assert.All(entry.Item, value => Assert.Equal(entry.Index + 5, value)));
        }
    }

    [Fact]
    public void FromFirst_OtherBytesElsewhere_AreThoseOfRankZero() =>
        Assert.All(LocalRanks.Run(2, group => group.FromFirst([(byte)(7 + group.Rank)])), bytes => Assert.Equal([7], bytes));

    static Tensor Normal(long[] shape, int seed)
    {
        using var random = new RandomSource((ulong)seed);
        return Tensor.Normal(shape, 0, 1, random);
    }
}
