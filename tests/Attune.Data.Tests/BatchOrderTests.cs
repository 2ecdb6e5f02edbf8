namespace Attune.Data.Tests;

public sealed class BatchOrderTests
{
    [Fact]
    public void EveryEpochSeesEveryExampleOnceInAnotherOrder()
    {
        var order = new BatchOrder(count: 12, batchSize: 4, seed: 3);
        var (first, second) = (Steps(order, 0, 3), Steps(order, 3, 6));
        Assert.Equal(Enumerable.Range(0, 12), first.Order());
        Assert.Equal(Enumerable.Range(0, 12), second.Order());
        Assert.NotEqual(first, second);
    }

    [Fact]
    public void TheOrderFollowsFromTheSeedAndTheStepAlone()
    {
        var (forward, jumped) = (new BatchOrder(10, 3, seed: 3), new BatchOrder(10, 3, seed: 3));
        var expected = Enumerable.Range(0, 20).Select(forward.Batch).Last();
        Assert.Equal(expected, jumped.Batch(19));
        Assert.NotEqual(expected, new BatchOrder(10, 3, seed: 4).Batch(19));
    }

    [Fact]
    public void BatchesRunOnFromOneEpochIntoTheNext()
    {
        var order = new BatchOrder(count: 5, batchSize: 3, seed: 1);
        var seen = Steps(order, 0, 5);
        Assert.Equal(Enumerable.Range(0, 5), seen.Take(5).Order());
        Assert.Equal(Enumerable.Range(0, 5), seen.Skip(5).Take(5).Order());
    }

    [Fact]
    public void AHeldOutShareIsNeverInTraining()
    {
        var (train, heldOut) = HeldOut.Split(100, 0.2, seed: 1);
        Assert.Equal((80, 20), (train.Length, heldOut.Length));
        Assert.Equal(Enumerable.Range(0, 100), train.Concat(heldOut).Order());
        Assert.Equal(heldOut.Order(), heldOut);
        Assert.Empty(HeldOut.Split(100, 0, seed: 1).HeldOut);
    }

    static List<int> Steps(BatchOrder order, int from, int to) => [.. Enumerable.Range(from, to - from).SelectMany(order.Batch)];
}
