using Attune.Torch.Distributed;

namespace Attune.Torch.Tests.Distributed;

/// <summary>Shards that three ranks gather at different times, over Gloo.</summary>
public sealed class WeightShardingTests
{
    const int Count = 3;
    const int Shards = 6;

    [Fact]
    public void Gather_DifferentOrdersOnEachRank_HasTheValuesOfTheOwners() => LocalRanks.Run(Count, group =>
    {
        var (sharding, shards) = NewSharding(group);
        for (var time = 0; time < 4 * group.Rank; time++)                                  // rank 0 gathers nothing
        {
            var at = (time * group.Rank + group.Rank) % (Shards - 1);
            using (sharding.Gather(new ShardRange(at, 2)))
                Assert.All(shards[at..(at + 2)], shard => Assert.Equal([shard.Number, shard.Number], shard.Tensor.ToArray<float>()));
            Assert.All(shards, shard => Assert.Equal(shard.Owner == group.Rank, shard.Tensor.HasStorage));
        }
        Assert.Equal([0, 1, 2], sharding.Gather((byte[])[(byte)group.Rank]).Select(bytes => bytes[0]));
        return true;
    });

    [Fact]
    public void Backward_DifferentNumbersOfPasses_AddsAllGradientsOnTheOwner()
    {
        var gradients = LocalRanks.Run(Count, group =>
        {
            using var scope = TensorScope.Open();
            var (sharding, shards) = NewSharding(group);
            foreach (var shard in shards)
                shard.Tensor.RequiresGrad = shard.Number != 5;
            for (var pass = 0; pass <= group.Rank; pass++)
                foreach (var first in (int[])[4, 2, 0])
                    sharding.Backward(new(first, 2), () =>
                        ((shards[first].Tensor + shards[first + 1].Tensor) * (group.Rank + 1)).Sum().Backward());
            _ = sharding.Gather((byte[])[]);
            return shards.Select(shard => shard.Tensor.Grad?.ToArray<float>()).ToArray();
        });
        for (var at = 0; at < Shards; at++)
            for (var rank = 0; rank < Count; rank++)
                Assert.Equal(rank == at % Count && at != 5 ? [14, 14] : null, gradients[rank][at]);    // 1 · 1 + 2 · 2 + 3 · 3
    }

    [Fact]
    public void Operator_TensorWithoutStorage_IsRefused()
    {
        using var tensor = Tensor.Ones([2]);
        tensor.FreeStorage();
        Assert.Contains("was freed", Assert.Throws<InvalidOperationException>(() => tensor.Exp()).Message, StringComparison.Ordinal);
        tensor.AllocateStorage();
        Assert.Equal([3, 3], tensor.FillInPlace(3).ToArray<float>());
    }

    [Fact]
    public void Kernel_TensorWithoutStorage_IsRefused()
    {
        using var scope = TensorScope.Open();
        Tensor x = Tensor.Ones([2, 2]), freed = Tensor.Ones([2, 2]), row = Tensor.Ones([2]), heads = Tensor.Ones([1, 1, 2, 2]);
        foreach (var tensor in (Tensor[])[freed, row, heads])
            tensor.FreeStorage();
        foreach (var kernel in (Func<object?>[])
        [
            () => x.Linear(freed), () => freed.Linear(x), () => x.Linear(x, row), () => Tensor.Embedding(freed, Tensor.From([1L], 1)),
            () => x.Norm(row, null, 1e-5, 0, DType.Float32), () => x.Norm(Tensor.Ones([2]), row, 1e-5, 0, DType.Float32),
            () => freed.Activate(SigmoidActivation.Silu), () => x.Gate(freed, SigmoidActivation.Silu),
            () => Tensor.Attend(heads, heads, heads, heads, 1), () => Tensor.TokenLogprobs(freed, Tensor.From([0L, 1], 2)),
            () => Tensor.Draw(freed, Tensor.Zeros([2], DType.Float64)), () => freed.AdamInPlace(x, x, x, default),
        ])
            Assert.Contains("was freed", Assert.Throws<InvalidOperationException>(kernel).Message, StringComparison.Ordinal);
    }

    static (WeightSharding Sharding, Shard[] Shards) NewSharding(IRanks group)
    {
        var sharding = new WeightSharding(group);
        Shard[] shards = [.. Enumerable.Range(0, Shards).Select(number => new Shard(number, number % Count, group.Rank))];
        Assert.Equal(new(0, Shards), sharding.Add(shards));
        return (sharding, shards);
    }

    sealed class Shard : IShard
    {
        public Shard(int number, int owner, int rank)
        {
            (Number, Owner, Tensor) = (number, owner, Tensor.Full([2], number).DetachFromScope());
            if (owner != rank)
                Tensor.FreeStorage();
        }

        public int Number { get; }

        public int Owner { get; }

        public Tensor Tensor { get; }
    }
}
