using Attune.Training.Runs;
using Microsoft.Extensions.Logging;

namespace Attune.Cli.Display;

/// <summary>The console of a command that trains: it shows the progress, logs, and cancels on a signal.</summary>
sealed class TrainingConsole : IDisposable
{
    readonly IConsoleDisplay console;
    readonly ILoggerFactory loggers;

    /// <param name="log">The least level of log messages. On a terminal they need the plain display.</param>
    public TrainingConsole(LogLevel log)
    {
        console = Displays.Pick(canBeLive:
            log == LogLevel.None || Displays.LogsGoElsewhere(Console.IsErrorRedirected, Environment.GetEnvironmentVariable));
        loggers = LoggerFactory.Create(logging => ConsoleLog.Configure(logging, log));
        Display = new LoggingDisplay(console, loggers);
    }

    public IRunDisplay Display { get; }

    public CancellationOnSignal Interruption { get; } = new();

    public CancellationToken Token => Interruption.Token;

    /// <summary>Ends the display and writes the log to its end.</summary>
    public void Dispose()
    {
        console.Dispose();
        loggers.Dispose();
        Interruption.Dispose();
    }
}
