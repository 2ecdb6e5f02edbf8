using Attune.Training.Runs;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Attune;

/// <summary>Tells a program about its run: each step by a call, and steps, notices and the end in its log.</summary>
sealed partial class ProgramDisplay(Action<StepResult>? onStep, ILogger? logger) : IRunDisplay
{
    readonly ILogger log = logger ?? NullLogger.Instance;
    string title = "";
    int total;

    public void Begin(string title, int step, int totalSteps)
    {
        (this.title, total) = (title, totalSteps);
        LogBegin(log, title, step, totalSteps);
    }

    public void Step(int step, IReadOnlyDictionary<string, double> metrics, string summary)
    {
        LogStep(log, title, step, total, summary);
        onStep?.Invoke(new(step, total, metrics, summary));
    }

    public void Notice(string text) => LogNotice(log, text);

    public void End(string text) => LogEnd(log, title, text);

    [LoggerMessage(1, LogLevel.Information, "{Run}: training begins after step {Step} of {Total}")]
    static partial void LogBegin(ILogger logger, string run, int step, int total);

    [LoggerMessage(2, LogLevel.Information, "{Run}: step {Step} of {Total}: {Summary}")]
    static partial void LogStep(ILogger logger, string run, int step, int total, string summary);

    [LoggerMessage(3, LogLevel.Warning, "{Notice}")]
    static partial void LogNotice(ILogger logger, string notice);

    [LoggerMessage(4, LogLevel.Information, "{Run}: {End}")]
    static partial void LogEnd(ILogger logger, string run, string end);
}
