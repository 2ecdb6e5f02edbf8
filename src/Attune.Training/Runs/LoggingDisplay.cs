using Attune.Reporting.Charts;
using Microsoft.Extensions.Logging;

namespace Attune.Training.Runs;

/// <summary>Logs a run under the category of <see cref="Run"/>, and passes everything on to another display.</summary>
/// <param name="inner">The other display.</param>
/// <param name="loggers">Creates the logger.</param>
public sealed partial class LoggingDisplay(IRunDisplay inner, ILoggerFactory loggers) : IRunDisplay
{
    readonly ILogger log = loggers.CreateLogger<Run>();
    string run = "";
    int total;

    public void Begin(string title, int step, int totalSteps)
    {
        (run, total) = (title, totalSteps);
        if (step == 0)
            LogStart(log, title, totalSteps);
        else
            LogResume(log, title, step, totalSteps);
        inner.Begin(title, step, totalSteps);
    }

    public void Step(int step, IReadOnlyDictionary<string, double> metrics, string summary)
    {
        LogStep(log, run, step, total, summary);
        inner.Step(step, metrics, summary);
    }

    public void BeginEvaluation(int step) => inner.BeginEvaluation(step);

    public void EndEvaluation(int step, IReadOnlyDictionary<string, double> metrics)
    {
        if (metrics.Count > 0 && log.IsEnabled(LogLevel.Information))
            LogEvaluation(log, run, step, string.Join(
                ", ", metrics.Select(metric => $"{metric.Key} {NumberFormat.Number(metric.Value)}")));
        inner.EndEvaluation(step, metrics);
    }

    public void Checkpoint(int step)
    {
        LogCheckpoint(log, run, step);
        inner.Checkpoint(step);
    }

    public void Notice(string text)
    {
        LogNotice(log, text);
        inner.Notice(text);
    }

    public void Progress(string text, long bytes, long total) => inner.Progress(text, bytes, total);

    public void Warning(string text)
    {
        LogWarning(log, text);
        inner.Warning(text);
    }

    public void End(string text)
    {
        LogEnd(log, run, text);
        inner.End(text);
    }

    [LoggerMessage(1, LogLevel.Information, "{Run}: started, step 0 of {Total}")]
    static partial void LogStart(ILogger logger, string run, int total);

    [LoggerMessage(2, LogLevel.Information, "{Run}: resumed, step {Step} of {Total}")]
    static partial void LogResume(ILogger logger, string run, int step, int total);

    [LoggerMessage(3, LogLevel.Debug, "{Run}: step {Step} of {Total}: {Summary}")]
    static partial void LogStep(ILogger logger, string run, int step, int total, string summary);

    [LoggerMessage(4, LogLevel.Information, "{Run}: evaluation after step {Step}: {Metrics}")]
    static partial void LogEvaluation(ILogger logger, string run, int step, string metrics);

    [LoggerMessage(5, LogLevel.Information, "{Run}: checkpoint after step {Step}")]
    static partial void LogCheckpoint(ILogger logger, string run, int step);

    [LoggerMessage(6, LogLevel.Information, "{Notice}")]
    static partial void LogNotice(ILogger logger, string notice);

    [LoggerMessage(7, LogLevel.Warning, "{Notice}")]
    static partial void LogWarning(ILogger logger, string notice);

    [LoggerMessage(8, LogLevel.Information, "{Run}: {End}")]
    static partial void LogEnd(ILogger logger, string run, string end);
}
