using Attune.Torch.Distributed;

namespace Attune.Torch.Tests.Distributed;

/// <summary>What the other ranks learn when one fails, ends or stays away.</summary>
public sealed class RankMonitorTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Fail_AnyRank_TellsTheOthersItsReason(int failing)
    {
        var errors = LocalRanks.Run(3, group =>
        {
            if (group.Rank != failing)
                return Assert.Throws<RankFailedException>(() => Repeat(() => group.FromFirst([]))).Message;
            group.FromFirst([]);
            group.Fail("the reward model is missing.");
            return $"Rank {failing} has failed: the reward model is missing.";
        });
        Assert.All(errors, error => Assert.Equal($"Rank {failing} has failed: the reward model is missing.", error));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Exchange_WithARankThatHasEnded_Fails(int leaving)
    {
        var errors = LocalRanks.Run(2, group =>
        {
            group.FromFirst([]);
            return group.Rank == leaving ? "" : Assert.Throws<RankFailedException>(() => Repeat(() => group.FromFirst([]))).Message;
        });
        Assert.StartsWith($"Rank {leaving} has ended", errors[1 - leaving], StringComparison.Ordinal);
    }

    [Fact]
    public void Exchange_RankThatComesTooLate_IsNamed()
    {
        using var late = new ManualResetEventSlim();
        var errors = LocalRanks.Run(2, group =>
        {
            group.FromFirst([]);
            if (group.Rank == 1)
                late.Wait();
            var error = Assert.Throws<RankFailedException>(() => group.FromFirst([])).Message;
            late.Set();
            return error;
        }, timeout: 2);
        Assert.All(errors, error => Assert.StartsWith(
            "Rank 1 is alive, but rank 0 has waited for it for 2 seconds.", error, StringComparison.Ordinal));
    }

    [Fact]
    public void Join_RankThatStaysAway_IsNamed()
    {
        var environments = LocalRanks.Environments(3, timeout: 2);
        var present = environments[..2].Select(environment => Task.Run(() => ProcessGroup.Join(environment))).ToArray();
        foreach (var rank in present)
            Assert.Equal(
                "Rank 2 has not joined the others within 2 seconds.",
                Assert.IsType<RankFailedException>(Assert.Throws<AggregateException>(() => rank.Wait(20_000)).InnerException).Message);
    }

    [Fact]
    public void OnFailure_RankFailsDuringAComputation_IsCalled()
    {
        var failures = new RankFailedException?[2];
        using var told = new ManualResetEventSlim();
        LocalRanks.Run(2, group =>
        {
            if (group.Rank == 1)
                group.Fail("out of memory");
            else
                Assert.True(told.Wait(20_000));
            return 0;
        }, onFailure: (rank, error) =>
        {
            failures[rank] = error;
            if (rank == 0)
                told.Set();
        });
        Assert.Equal("Rank 1 has failed: out of memory", failures[0]!.Message);
        Assert.Null(failures[1]);
    }

    static void Repeat(Action action)
    {
        while (true)
            action();
    }
}
