using Attune.Reporting.Charts;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Attune.Cli.Display;

/// <summary>
/// A progress bar with rate, remaining time and a summary, redrawn in place five times a second; notices are printed above it. It neither
/// hides the cursor nor uses the alternate screen, so that a killed process leaves the terminal usable.
/// </summary>
public sealed class LiveDisplay(IAnsiConsole console, TimeProvider clock) : IConsoleDisplay
{
    const double BytesPerUnit = 1e6;

    static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    readonly Lock gate = new();
    readonly Pace pace = new(clock);
    ProgressStatus status = new("", 0, 0, "", "", "");
    bool isEvaluating;
    ITimer? timer;
    int[] painted = [];

    public void Begin(string title, int step, int totalSteps) => Safely(() =>
    {
        Leave();
        Start(new(title, step, totalSteps, "", "", ""));
    });

    public void Step(int step, IReadOnlyDictionary<string, double> metrics, string summary) => Safely(() =>
    {
        pace.Step(step, metrics.GetValueOrDefault("tokens"));
        status = status with { Step = step, Summary = summary };
    });

    public void Progress(string text, long bytes, long total) => Safely(() =>
    {
        var (done, all) = ((int)(bytes / BytesPerUnit), (int)(total / BytesPerUnit));
        if (status.Title != text)
        {
            Start(new(text, done, all, "", "", "") { Unit = " MB" });
            return;
        }
        pace.Step(done, 0);
        status = status with { Step = done };
        if (bytes < total)
            return;
        timer?.Dispose();
        timer = null;
        Erase();
    });

    public void BeginEvaluation(int step) => Safely(() =>
    {
        isEvaluating = true;
        Repaint();
    });

    public void EndEvaluation(int step, IReadOnlyDictionary<string, double> metrics) => Safely(() => isEvaluating = false);

    public void Notice(string text) => Safely(() =>
    {
        Erase();
        Write(text);
        Repaint();
    });

    public void End(string text) => Safely(() =>
    {
        Leave();
        Write(text);
    });

    public void Dispose() => Safely(Leave);

    void Start(ProgressStatus first)
    {
        timer?.Dispose();
        pace.Begin(first.Step, first.TotalSteps);
        status = first;
        Paint();
        timer = clock.CreateTimer(_ => Safely(Repaint), null, Interval, Interval);
    }

    /// <summary>Draws the last state and starts a new line.</summary>
    void Leave()
    {
        if (timer is null)
            return;
        timer.Dispose();
        timer = null;
        isEvaluating = false;
        Paint();
        console.WriteLine();
        painted = [];
    }

    /// <summary>Draws unless the display has ended: the timer may fire once more after it is disposed.</summary>
    void Repaint()
    {
        if (timer is not null)
            Paint();
    }

    void Paint()
    {
        var time = isEvaluating ? "evaluating" : pace.Eta.Length > 0 ? pace.Eta : NumberFormat.Duration(pace.Elapsed);
        var rate = status.Unit.Length > 0 ? pace.ByteRate : pace.Rate;
        var profile = console.Profile;
        var lines = StatusLines.Lay(status with { Rate = rate, Time = time }, profile.Width, profile.Capabilities.Unicode);
        var broken = lines.SelectMany((line, at) => at == 0 ? line : [Segment.LineBreak, .. line]);
        console.Write(new Block([Segment.Control(Clearing()), .. broken]));
        painted = [.. lines.Select(StatusLines.Width)];
    }

    void Erase()
    {
        console.Write(new Block([Segment.Control(Clearing())]));
        painted = [];
    }

    /// <summary>
    /// Escape sequences that clear the drawn lines. In a terminal that was made narrower, long lines have been wrapped and take several
    /// rows.
    /// </summary>
    string Clearing()
    {
        var width = Math.Max(1, console.Profile.Width);
        var rows = painted.Sum(length => Math.Max(1, (length + width - 1) / width));
        return "\r\e[2K" + string.Concat(Enumerable.Repeat("\e[1A\e[2K", Math.Max(0, rows - 1)));
    }

    void Write(string text) => console.Write(new Block([new(VisibleText.Escape(ProgramName.InCommandsOf(text))), Segment.LineBreak]));

    /// <summary>Stops drawing when the terminal fails, so that the run continues.</summary>
    void Safely(Action show)
    {
        lock (gate)
        {
            try
            {
                show();
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                timer?.Dispose();
                timer = null;
            }
        }
    }

    /// <summary>Segments that are written at once, to avoid flicker.</summary>
    sealed class Block(IReadOnlyList<Segment> segments) : Renderable
    {
        protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth) => segments;
    }
}
