using Attune.Cli.Launch;
using Attune.Torch.Distributed;
using Attune.Training.Runs;
using Spectre.Console;

namespace Attune.Cli.Display;

/// <summary>A display of a run that may occupy a part of the screen until it is disposed.</summary>
public interface IConsoleDisplay : IRunDisplay, IDisposable;

/// <summary>Chooses between the live and the plain display.</summary>
public static class Displays
{
    /// <summary>A live display on a terminal, plain lines elsewhere. Dispose it before printing an error.</summary>
    /// <param name="canBeLive">Whether nothing else is written to the terminal.</param>
    public static IConsoleDisplay Pick(bool canBeLive) =>
        Ranks.IsFirst && canBeLive && WantsLive(Console.IsOutputRedirected, Environment.GetEnvironmentVariable)
            && AnsiConsole.Profile.Capabilities.Ansi
            ? new LiveDisplay(AnsiConsole.Console, TimeProvider.System)
            : new PlainDisplay(Ranks.IsFirst ? Console.Out : TextWriter.Null, TimeProvider.System);

    /// <summary>Whether the error stream is not the terminal. <c>attune launch</c> reads that of a rank, and may write it there.</summary>
    public static bool LogsGoElsewhere(bool isRedirected, Func<string, string?> environment) =>
        isRedirected && environment(RankJob.LauncherName) is null;

    /// <summary>Whether the output is an interactive terminal that supports escape sequences.</summary>
    public static bool WantsLive(bool isRedirected, Func<string, string?> environment) =>
        !isRedirected
        && string.IsNullOrEmpty(environment("NO_COLOR"))          // https://no-color.org
        && environment("CI") is null or "" or "false" or "0"
        && environment("TERM") != "dumb";
}
