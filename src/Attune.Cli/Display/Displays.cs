using Attune.Training.Runs;
using Spectre.Console;

namespace Attune.Cli.Display;

/// <summary>A display that holds a part of the screen until it is disposed of.</summary>
public interface IConsoleDisplay : IRunDisplay, IDisposable;

/// <summary>Chooses how a run is shown.</summary>
public static class Displays
{
    /// <summary>A live display on a terminal, else plain lines. Dispose of it before an error is printed.</summary>
    public static IConsoleDisplay Pick() =>
        WantsLive(Console.IsOutputRedirected, Environment.GetEnvironmentVariable) && AnsiConsole.Profile.Capabilities.Ansi
            ? new LiveDisplay(AnsiConsole.Console, TimeProvider.System)
            : new PlainDisplay(Console.Out, TimeProvider.System);

    /// <summary>Whether somebody watches, on a terminal that can be painted on.</summary>
    public static bool WantsLive(bool isRedirected, Func<string, string?> environment) =>
        !isRedirected
        && string.IsNullOrEmpty(environment("NO_COLOR"))          // https://no-color.org
        && environment("CI") is null or "" or "false" or "0"
        && environment("TERM") != "dumb";
}
