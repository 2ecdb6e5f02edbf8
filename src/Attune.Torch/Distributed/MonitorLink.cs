using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Attune.Torch.Distributed;

/// <summary>
/// The connection of a rank to the <see cref="RankMonitor"/> of rank 0. Its threads send and receive every second, whatever the rank
/// computes.
/// </summary>
sealed class MonitorLink : IDisposable
{
    readonly MonitorConnection connection;
    readonly int rank;
    readonly Action abort;
    readonly Action<RankFailedException> onFailure;
    readonly ManualResetEventSlim started = new();
    readonly ManualResetEventSlim failed = new();
    readonly Lock state = new();
    readonly Ticker ticker;
    RankFailedException? failure;
    long heard = Stopwatch.GetTimestamp();
    long exchange;
    long waitingSince;
    volatile bool firstHasLeft;
    volatile bool hasReported;
    bool isClosed;

    /// <param name="endpoint">The address of rank 0 and <see cref="RankMonitor.Endpoint"/>.</param>
    /// <param name="rank">This rank.</param>
    /// <param name="abort">Called once, when exchanges are not possible any more.</param>
    /// <param name="onFailure">Called once, on a thread of its own, when another rank has failed.</param>
    public MonitorLink(string endpoint, int rank, Action abort, Action<RankFailedException> onFailure)
    {
        this.rank = rank;
        this.abort = abort;
        this.onFailure = onFailure;
        var parts = endpoint.Split(' ');
        connection = Connect(parts[0], int.Parse(parts[1], CultureInfo.InvariantCulture));
        connection.Send(new(MonitorMessageKind.Join, rank, Text: parts[2]));
        new Thread(Listen) { IsBackground = true, Name = "rank monitor's link" }.Start();
        ticker = new("rank's heartbeat", Tick);
    }

    /// <summary>Waits until all ranks have joined.</summary>
    /// <exception cref="RankFailedException">One has failed before.</exception>
    public void WaitForStart()
    {
        WaitHandle.WaitAny([started.WaitHandle, failed.WaitHandle]);
        ThrowIfFailed();
    }

    /// <summary>Begins an exchange with the other ranks.</summary>
    public void Begin()
    {
        ThrowIfFailed();
        Interlocked.Increment(ref exchange);
        Interlocked.Exchange(ref waitingSince, Stopwatch.GetTimestamp());
    }

    /// <summary>The exchange is complete.</summary>
    public void End() => Interlocked.Exchange(ref waitingSince, 0);

    /// <summary>
    /// Why an exchange failed: the failure of a rank, which arrives here a little later than the other end of its connections closes, or
    /// else what the exchange reported.
    /// </summary>
    public RankFailedException FailureOf(string exchangeError)
    {
        if (failed.Wait(TimeSpan.FromSeconds(5)))
            return failure!;
        var error = $"The exchange with the other ranks failed: {exchangeError}";
        Report(error);
        return new(error);
    }

    /// <summary>Tells all ranks that this one has failed.</summary>
    public void Report(string reason)
    {
        hasReported = true;
        connection.Send(new(MonitorMessageKind.Failed, rank, Text: RankFailures.Reason(reason)));
    }

    /// <summary>Tells the others that this rank ends without a failure.</summary>
    public void Leave() => connection.Send(new(MonitorMessageKind.Left, rank, Interlocked.Read(ref exchange)));

    public void Dispose()
    {
        lock (state)
            isClosed = true;
        ticker.Dispose();
        connection.Dispose();
    }

    MonitorConnection Connect(string address, int port)
    {
        try
        {
            return new(new TcpClient(address, port));
        }
        catch (SocketException error)
        {
            throw new RankFailedException(
                $"Rank {rank} cannot connect to rank 0 at {address}, port {port}: {error.Message}. Between the machines of a job, "
                + "connections to all ports must be allowed. Set GLOO_SOCKET_IFNAME to choose a network interface.",
                error);
        }
    }

    void ThrowIfFailed()
    {
        if (failed.IsSet)
            throw new RankFailedException(failure!.Message);
    }

    void Listen()
    {
        while (connection.Read() is { } message)
        {
            Interlocked.Exchange(ref heard, Stopwatch.GetTimestamp());
            if (message.Kind == MonitorMessageKind.Start)
                started.Set();
            else if (message.Kind == MonitorMessageKind.Left)
                firstHasLeft = true;
            else if (message.Kind == MonitorMessageKind.Failed)
                Fail(message.Rank, message.Text);
        }
        if (firstHasLeft)
            Fail(0, "has ended.", isFatal: false);
        else
            Fail(0, RankFailures.Closed);
    }

    void Tick(bool wasStopped)
    {
        if (wasStopped)
            Interlocked.Exchange(ref heard, Stopwatch.GetTimestamp());
        var since = Interlocked.Read(ref waitingSince);
        var seconds = since == 0 ? 0 : Math.Max(Stopwatch.GetElapsedTime(since).TotalSeconds, 0.001);
        connection.Send(new(MonitorMessageKind.Beat, rank, Interlocked.Read(ref exchange), seconds));
        if (!firstHasLeft && Stopwatch.GetElapsedTime(Interlocked.Read(ref heard)) > RankMonitor.Silence)
        {
            connection.Send(new(MonitorMessageKind.Failed, Rank: 0, Text: RankFailures.Silent));      // it may only have been stopped
            Fail(0, RankFailures.Silent);
        }
    }

    void Fail(int failedRank, string text, bool isFatal = true)
    {
        lock (state)
        {
            if (failure is not null || isClosed)
                return;
            failure = new(RankFailures.Describe(failedRank, text));
            failed.Set();
        }
        abort();
        if (isFatal && !hasReported)
            new Thread(() => onFailure(failure)) { IsBackground = true, Name = "rank failure" }.Start();
    }
}
