using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Attune.Cli;

/// <summary>The option <c>--log</c>: log messages of Microsoft.Extensions.Logging on standard error, one line each.</summary>
static class ConsoleLog
{
    public static Option<LogLevel> Option(LogLevel level)
    {
        var option = ChoiceOption.Create(
            "--log", "The least level of log messages on standard error: trace, debug, information, warning, error, critical, none", level);
        option.HelpName = "LEVEL";
        return option;
    }

    public static void Configure(ILoggingBuilder logging, LogLevel level)
    {
        logging.ClearProviders().SetMinimumLevel(level).AddSimpleConsole(format =>
        {
            format.SingleLine = true;
            format.TimestampFormat = "yyyy-MM-dd HH:mm:ss ";
            format.ColorBehavior = HasColours ? LoggerColorBehavior.Enabled : LoggerColorBehavior.Disabled;
        });
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }

    static bool HasColours => !Console.IsErrorRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
}
