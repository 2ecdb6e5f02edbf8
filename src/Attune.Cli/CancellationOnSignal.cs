using System.Diagnostics;
using System.Runtime.InteropServices;
using Attune.Torch.Distributed;
using Attune.Training.Rewards;

namespace Attune.Cli;

/// <summary>Cancels on Ctrl-C or SIGTERM, so that a run stops with a checkpoint. A second signal ends the process at once.</summary>
sealed class CancellationOnSignal : IDisposable
{
    readonly CancellationTokenSource source = new();
    readonly PosixSignalRegistration[] registrations;
    readonly bool isRank = Ranks.Current.Count > 1;
    int signals;
    long lastSignal;

    public CancellationOnSignal() => registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop),
    ];

    public CancellationToken Token => source.Token;

    /// <summary>Also cancels when standard input ends: the parent process closed it, or ended.</summary>
    public void StopWhenInputEnds() => new Thread(() =>
    {
        using var input = Console.OpenStandardInput();
        while (input.ReadByte() >= 0)
        {
        }
        Cancel();
    }) { IsBackground = true }.Start();

    public void Dispose()
    {
        foreach (var registration in registrations)
            registration.Dispose();
        source.Dispose();
    }

    void Stop(PosixSignalContext context)
    {
        if (IsForwarded())
        {
            context.Cancel = true;
            return;
        }
        if (Interlocked.Increment(ref signals) > 1)
        {
            RewardSources.KillProcesses();
            return;                                      // the signal's default action ends this process
        }
        context.Cancel = true;
        Cancel();
    }

    /// <summary>
    /// Whether a signal is the same as the one before: after Ctrl-C in a terminal, launchers send the ranks the signal that these have
    /// received from the terminal.
    /// </summary>
    bool IsForwarded()
    {
        var before = Interlocked.Exchange(ref lastSignal, Stopwatch.GetTimestamp());
        return isRank && before != 0 && Stopwatch.GetElapsedTime(before) < TimeSpan.FromSeconds(2);
    }

    void Cancel()
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The command ended in the meantime.
        }
    }
}
