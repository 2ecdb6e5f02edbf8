using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Attune.Cli.Launch;

/// <summary>Starts the ranks of a job and waits for them. Signals go to all; when one fails, the others are ended.</summary>
sealed class Launcher : IDisposable
{
    public const int Interrupt = 2, Kill = 9, Terminate = 15, Continue = 18;

    /// <summary>After a failure, the other ranks end by themselves; those that do not are sent these signals.</summary>
    static readonly (TimeSpan After, int Signal)[] Signals =
    [
        (TimeSpan.FromSeconds(5), Terminate), (TimeSpan.FromSeconds(5), Continue), (TimeSpan.FromSeconds(20), Kill),
    ];

    readonly RankProcess[] ranks;
    readonly PosixSignalRegistration[] registrations;
    volatile bool isInterrupted;

    public Launcher(LaunchOptions options, IReadOnlyList<string> command)
    {
        registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Forward(context, Interrupt)),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Forward(context, Terminate)),
        ];
        ranks = [.. Enumerable.Range(0, options.Processes).Select(local => new RankProcess(options, local, command))];
    }

    /// <summary>Waits until all have ended.</summary>
    /// <returns>The exit code of the rank that failed first; 0 if none did.</returns>
    public int Wait()
    {
        Stopwatch? sinceFailure = null;
        var signals = new Queue<(TimeSpan After, int Signal)>(Signals);
        while (!ranks.All(rank => rank.HasEnded))
        {
            Thread.Sleep(50);
            if (sinceFailure is null && ranks.Any(HasFailed))
                sinceFailure = Stopwatch.StartNew();
            if (sinceFailure is not null && signals.TryPeek(out var next) && sinceFailure.Elapsed > next.After)
                SignalAll(signals.Dequeue().Signal);
        }
        return Report();
    }

    public void Dispose()
    {
        foreach (var registration in registrations)
            registration.Dispose();
        foreach (var rank in ranks)
            rank.Dispose();
    }

    bool HasFailed(RankProcess rank) => rank.HasEnded && rank.ExitCode != 0 && !(isInterrupted && rank.ExitCode == CommandLine.Interrupted);

    int Report()
    {
        foreach (var rank in ranks)
            rank.Wait();
        var failed = ranks.Where(HasFailed).OrderBy(rank => rank.ExitCode == CommandLine.OtherRankFailed).ThenBy(rank => rank.EndTime)
            .FirstOrDefault();
        if (failed is null)
            return isInterrupted ? CommandLine.Interrupted : 0;
        Console.Error.WriteLine($"attune: Rank {failed.Rank} {failed.Reason}");
        return failed.ExitCode;
    }

    void Forward(PosixSignalContext context, int signal)
    {
        context.Cancel = true;
        isInterrupted = true;
        SignalAll(signal);
    }

    void SignalAll(int signal)
    {
        foreach (var rank in ranks ?? [])
            rank.Signal(signal);
    }
}
