using System.Globalization;
using Attune.Reporting.Charts;

namespace Attune.Cli.Display;

/// <summary>
/// The rate and the remaining time of a run, from the steps that this process has done: an exponential average over time. The first step
/// is not counted, because it includes the first evaluation.
/// </summary>
public sealed class Pace(TimeProvider clock)
{
    const double MemorySeconds = 120;

    int firstStep;
    int step;
    int totalSteps;
    long begun = clock.GetTimestamp();
    long last = clock.GetTimestamp();
    double seconds;
    double steps;
    double tokens;

    public void Begin(int done, int total)
    {
        (firstStep, step, totalSteps) = (done, done, total);
        begun = last = clock.GetTimestamp();
        (seconds, steps, tokens) = (0, 0, 0);
    }

    /// <summary>Records that a step is done.</summary>
    /// <param name="number">The number of the step, from 1.</param>
    /// <param name="tokensOfStep">The tokens of the step; 0 if they are not logged.</param>
    public void Step(int number, double tokensOfStep)
    {
        var now = clock.GetTimestamp();
        if (step > firstStep)
        {
            var passed = clock.GetElapsedTime(last, now).TotalSeconds;
            var decay = Math.Exp(-passed / MemorySeconds);
            seconds = seconds * decay + passed;
            steps = steps * decay + (number - step);
            tokens = tokens * decay + tokensOfStep;
        }
        (step, last) = (number, now);
    }

    /// <summary>Null before the second step.</summary>
    public double? StepsPerSecond => seconds > 0 && steps > 0 ? steps / seconds : null;

    /// <summary>Null if tokens are not logged.</summary>
    public double? TokensPerSecond => seconds > 0 && tokens > 0 ? tokens / seconds : null;

    public TimeSpan Elapsed => clock.GetElapsedTime(begun);

    /// <summary>The time of the remaining steps, minus the time since the last step.</summary>
    public TimeSpan? Remaining
    {
        get
        {
            if (StepsPerSecond is not { } rate)
                return null;
            var left = (totalSteps - step) / rate - clock.GetElapsedTime(last).TotalSeconds;
            return left >= TimeSpan.MaxValue.TotalSeconds ? null : TimeSpan.FromSeconds(Math.Max(0, left));
        }
    }

    /// <summary>"12,345 tokens/s", "1.9 steps/s" or "4.2 s/step"; empty before the second step.</summary>
    public string Rate => (TokensPerSecond, StepsPerSecond) switch
    {
        ({ } perSecond, _) => string.Create(CultureInfo.InvariantCulture, $"{perSecond:#,0} tokens/s"),
        (_, >= 1 and { } perSecond) => $"{TwoDigits(perSecond)} steps/s",
        (_, { } perSecond) => $"{TwoDigits(1 / perSecond)} s/step",
        _ => "",
    };

    /// <summary>The rate of steps that are megabytes: "38 MB/s"; empty before the second step.</summary>
    public string ByteRate => StepsPerSecond is { } perSecond ? $"{TwoDigits(perSecond)} MB/s" : "";

    /// <summary>"ETA 2m27s"; empty before the second step and after the last.</summary>
    public string Eta => step < totalSteps && Remaining is { } time ? $"ETA {NumberFormat.Duration(time)}" : "";

    static string TwoDigits(double value) => value.ToString(value < 10 ? "0.0" : "#,0", CultureInfo.InvariantCulture);
}
