using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Attune.Torch.Distributed;

/// <summary>
/// Knows which ranks are alive, and tells all of them when one fails. It is in the process of rank 0; every rank, rank 0 included, has a
/// <see cref="MonitorLink"/> to it. A rank has failed when it says so, when its connection closes (its process was killed), when it is
/// silent (its machine is cut off, or the process is stopped), or when others wait too long for it.
/// </summary>
sealed class RankMonitor : IDisposable
{
    /// <summary>A rank that sends nothing for this long has failed. Ranks send every second, also while they compute.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(25);

    readonly TcpListener listener = TcpListener.Create(port: 0);
    readonly string token = Guid.NewGuid().ToString("N");
    readonly Member[] members;
    readonly TimeSpan timeout;
    readonly Stopwatch sinceStart = Stopwatch.StartNew();
    readonly Lock state = new();
    readonly CountdownEvent present;
    readonly Ticker ticker;
    MonitorMessage? failure;
    volatile bool hasStarted;
    bool isClosed;

    /// <param name="count">How many ranks join.</param>
    /// <param name="timeout">How long they wait for each other.</param>
    public RankMonitor(int count, TimeSpan timeout)
    {
        this.timeout = timeout;
        members = [.. Enumerable.Range(0, count).Select(rank => new Member(rank))];
        present = new(count);
        listener.Start(backlog: Math.Max(count, 128));
        new Thread(Accept) { IsBackground = true, Name = "rank monitor" }.Start();
        ticker = new("rank monitor's clock", Tick);
    }

    /// <summary>What ranks need to connect, besides the address: the port and a token.</summary>
    public string Endpoint => string.Create(CultureInfo.InvariantCulture, $"{((IPEndPoint)listener.LocalEndpoint).Port} {token}");

    /// <summary>Tells all ranks that one has failed. Only the first failure counts: the others follow from it.</summary>
    /// <param name="rank">The rank; -1 if it is not known.</param>
    /// <param name="text">Completes "Rank 1 …".</param>
    public void Declare(int rank, string text)
    {
        lock (state)
        {
            if (failure is not null || isClosed)
                return;
            var message = new MonitorMessage(MonitorMessageKind.Failed, rank, Text: text);
            failure = message;
            SendToAll(message);
        }
    }

    /// <summary>Waits a while until all ranks have left, so that they have heard of a failure.</summary>
    public void WaitForLeaving() => present.Wait(TimeSpan.FromSeconds(failure is null ? 10 : 1));

    public void Dispose()
    {
        lock (state)
            isClosed = true;
        ticker.Dispose();
        listener.Dispose();
        foreach (var member in members)
            member.Connection?.Dispose();
    }

    void Accept()
    {
        try
        {
            while (true)
            {
                var client = listener.AcceptTcpClient();
                new Thread(() => Serve(client)) { IsBackground = true, Name = "rank monitor's reader" }.Start();
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The monitor is disposed.
        }
    }

    /// <summary>Reads what a rank sends until its connection closes.</summary>
    void Serve(TcpClient client)
    {
        using var connection = new MonitorConnection(client);
        if (connection.Read() is not { Kind: MonitorMessageKind.Join } join || join.Text != token || join.Rank >= members.Length)
            return;
        var member = members[join.Rank];
        Join(member, connection);
        while (connection.Read() is { } message)
            Hear(member, message);
        if (!member.HasLeft)
            Declare(member.Rank, RankFailures.Closed);
        Leave(member);
    }

    void Join(Member member, MonitorConnection connection)
    {
        lock (state)
        {
            member.Connection = connection;
            member.Heard();
            if (failure is { } known)
                connection.Send(known);
            if (hasStarted || members.Any(other => other.Connection is null))
                return;
            hasStarted = true;
            SendToAll(new(MonitorMessageKind.Start, Rank: 0));
        }
    }

    void Hear(Member member, MonitorMessage message)
    {
        member.Heard();
        if (message.Kind == MonitorMessageKind.Failed)
            Declare(message.Rank, message.Text);
        else
            lock (state)
                Progress(member, message);
    }

    void Progress(Member member, MonitorMessage message)
    {
        if (member.HasLeft)
            return;                                                  // a beat that was overtaken when the rank left
        (member.Exchange, member.Seconds) = (message.Exchange, message.Seconds);
        if (message.Kind == MonitorMessageKind.Left)
            Leave(member);
    }

    void Leave(Member member)
    {
        lock (state)
        {
            if (!member.HasLeft)
                present.Signal();
            member.HasLeft = true;
            if (member.Rank == 0)
                SendToAll(new(MonitorMessageKind.Left, Rank: 0));
        }
    }

    void Tick(bool wasStopped)
    {
        foreach (var member in members.Where(member => member.Connection is not null && !member.HasLeft))
        {
            if (wasStopped)
                member.Heard();
            member.Connection!.Send(new(MonitorMessageKind.Beat, Rank: 0));
            if (member.SilentFor > Silence)
                Declare(member.Rank, RankFailures.Silent);
        }
        if (hasStarted)
            lock (state)
                CheckWaiting();
        else if (sinceStart.Elapsed > timeout && members.FirstOrDefault(member => member.Connection is null) is { } missing)
            Declare(missing.Rank, $"has not joined the others within {RankFailures.Text(timeout)}.");
    }

    /// <summary>Finds the rank that the others wait for too long, or that has ended although they wait for it.</summary>
    void CheckWaiting()
    {
        var first = members.MaxBy(member => member.Seconds)!;
        if (first.Seconds == 0)
            return;
        var behind = members.Where(member => member.Exchange < first.Exchange).MinBy(member => member.Exchange);
        if (behind is { HasLeft: true })
            Declare(behind.Rank, $"has ended, although rank {first.Rank} waits for it.");
        else if (first.Seconds > timeout.TotalSeconds)
            Declare(
                behind?.Rank ?? -1,
                behind is null
                    ? $"The ranks wait for each other for {RankFailures.Text(timeout)}: their machines cannot reach each other."
                    : $"is alive, but rank {first.Rank} has waited for it for {RankFailures.Text(timeout)}. If its work takes longer than "
                        + $"that, raise {RankEnvironment.TimeoutVariable} (seconds).");
    }

    void SendToAll(MonitorMessage message)
    {
        foreach (var member in members)
            member.Connection?.Send(message);
    }

    sealed class Member(int rank)
    {
        long heard;

        public int Rank => rank;

        public MonitorConnection? Connection { get; set; }

        public bool HasLeft { get; set; }

        public long Exchange { get; set; }

        public double Seconds { get; set; }

        public TimeSpan SilentFor => Stopwatch.GetElapsedTime(Interlocked.Read(ref heard));

        public void Heard() => Interlocked.Exchange(ref heard, Stopwatch.GetTimestamp());
    }
}
