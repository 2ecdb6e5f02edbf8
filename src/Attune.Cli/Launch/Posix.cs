using System.Runtime.InteropServices;

namespace Attune.Cli.Launch;

/// <summary>Calls of the system that .NET does not have.</summary>
static partial class Posix
{
    const int SetParentDeathSignal = 1;

    /// <summary>Sends a signal to a process.</summary>
    public static void Kill(int process, int signal) => _ = kill(process, signal);

    /// <summary>Sends this process a signal when its parent ends, however it ends.</summary>
    public static void SignalWhenParentEnds(int signal) => _ = prctl(SetParentDeathSignal, (nuint)signal, 0, 0, 0);

    public static int ParentId => getppid();

    /// <summary>Ends the process at once, whatever its other threads do in native code.</summary>
    public static void Exit(int code) => _exit(code);

    [LibraryImport("libc")] private static partial int kill(int process, int signal);
    [LibraryImport("libc")] private static partial int prctl(int option, nuint first, nuint second, nuint third, nuint fourth);
    [LibraryImport("libc")] private static partial int getppid();
    [LibraryImport("libc")] private static partial void _exit(int code);
}
