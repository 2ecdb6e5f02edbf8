using System.Net;
using System.Net.Sockets;
using Attune.Torch.Distributed;

namespace Attune.Torch.Tests.Distributed;

/// <summary>Runs all ranks of a job in this process, each on a thread.</summary>
static class LocalRanks
{
    public static RankEnvironment[] Environments(int count, int timeout = 60)
    {
        var port = FreePort();
        return
        [
            .. Enumerable.Range(0, count).Select(rank => new RankEnvironment
            {
                Rank = rank,
                Count = count,
                LocalRank = rank,
                LocalCount = count,
                MasterAddress = "127.0.0.1",
                MasterPort = port,
                Timeout = TimeSpan.FromSeconds(timeout),
            }),
        ];
    }

    /// <summary>The result of an action on each rank.</summary>
    public static T[] Run<T>(
        int count, Func<ProcessGroup, T> action, int timeout = 60, Action<int, RankFailedException>? onFailure = null)
    {
        Task<T>[] ranks =
        [
            .. Environments(count, timeout).Select(environment => Task.Factory.StartNew(
                () =>
                {
                    using var group = ProcessGroup.Join(environment, error => onFailure?.Invoke(environment.Rank, error));
                    return action(group);
                },
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)),
        ];
        Task.WaitAll(ranks, TimeSpan.FromMinutes(2));
        return [.. ranks.Select(rank => rank.Result)];
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, port: 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
