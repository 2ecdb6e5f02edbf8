using System.Runtime.InteropServices;

namespace Attune.Cli;

/// <summary>Ctrl-C and SIGTERM ask to stop at the next step, with a checkpoint; a second one ends the process at once.</summary>
sealed class CancellationOnSignal : IDisposable
{
    readonly CancellationTokenSource source = new();
    readonly PosixSignalRegistration[] registrations;
    int signals;

    public CancellationOnSignal() => registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop),
    ];

    public CancellationToken Token => source.Token;

    /// <summary>Asks to stop when standard input ends, as it does when the process that started this one lets go of it, or is gone.</summary>
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
        if (Interlocked.Increment(ref signals) > 1)
            return;                                      // the default action of the signal: the process ends
        context.Cancel = true;
        Cancel();
    }

    void Cancel()
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The command has ended meanwhile.
        }
    }
}
