using System.Globalization;
using System.Net.Sockets;
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

    [Fact]
    public void Beat_OvertakenWhenItsRankLeft_IsIgnored()
    {
        using var monitor = new RankMonitor(2, TimeSpan.FromMinutes(1));
        using var first = Join(monitor, 0);
        using var second = Join(monitor, 1);
        second.Send(new(MonitorMessageKind.Left, Rank: 1, Exchange: 5));
        second.Send(new(MonitorMessageKind.Beat, Rank: 1, Exchange: 4));
        first.Send(new(MonitorMessageKind.Beat, Rank: 0, Exchange: 5, Seconds: 0.001));
        for (var beats = 0; beats < 2;)                              // the monitor checks who waits for whom between two beats
        {
            var kind = first.Read()!.Value.Kind;
            Assert.NotEqual(MonitorMessageKind.Failed, kind);
            beats += kind == MonitorMessageKind.Beat ? 1 : 0;
        }
    }

    static MonitorConnection Join(RankMonitor monitor, int rank)
    {
        var parts = monitor.Endpoint.Split(' ');
        var connection = new MonitorConnection(new TcpClient("127.0.0.1", int.Parse(parts[0], CultureInfo.InvariantCulture)));
        connection.Send(new(MonitorMessageKind.Join, rank, Text: parts[1]));
        return connection;
    }

    static void Repeat(Action action)
    {
        while (true)
            action();
    }
}
