using Attune.Reporting.Charts;
using Attune.Text;

namespace Attune.Cli.Display;

/// <summary>Plain lines for a file, a pipe or a build log: at the start, every five seconds, and at the last step.</summary>
public sealed class PlainDisplay(TextWriter output, TimeProvider clock) : IConsoleDisplay
{
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    readonly Pace pace = new(clock);
    int total;
    long written;

    public void Begin(string title, int step, int totalSteps)
    {
        total = totalSteps;
        pace.Begin(step, totalSteps);
        written = clock.GetTimestamp();
        var steps = $"{title}: {Quantity.Of(totalSteps, "step")}";
        Write(step == 0 ? steps : $"{steps}, resuming after step {step}");
    }

    public void Step(int step, IReadOnlyDictionary<string, double> metrics, string summary)
    {
        pace.Step(step, metrics.GetValueOrDefault("tokens"));
        if (step < total && clock.GetElapsedTime(written) < Interval)
            return;
        written = clock.GetTimestamp();
        string[] parts = [$"step {step}/{total}", pace.Rate, pace.Eta, summary];
        Write(string.Join("  ", parts.Where(part => part.Length > 0)));
    }

    public void Notice(string text) => Write($"note: {text}");

    public void End(string text) => Write(text);

    public void Dispose()
    {
    }

    void Write(string line)
    {
        try
        {
            output.WriteLine(VisibleText.Escape(ProgramName.InCommandsOf(line)));
            output.Flush();
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The reader closed the pipe; the run continues.
        }
    }
}
