using System.Runtime.InteropServices;

namespace Attune.Cli;

/// <summary>Ctrl-C and SIGTERM ask to stop at the next step, with a checkpoint; a second one ends the process at once.</summary>
sealed class Interruption : IDisposable
{
    readonly CancellationTokenSource source = new();
    readonly PosixSignalRegistration[] registrations;

    public Interruption() => registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop),
    ];

    public CancellationToken Token => source.Token;

    public void Dispose()
    {
        foreach (var registration in registrations)
            registration.Dispose();
        source.Dispose();
    }

    void Stop(PosixSignalContext context)
    {
        if (source.IsCancellationRequested)
            return;                                      // the default action of the signal: the process ends
        context.Cancel = true;
        source.Cancel();
    }
}
