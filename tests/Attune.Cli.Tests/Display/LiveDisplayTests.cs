using System.Text;
using Spectre.Console;
using LiveDisplay = Attune.Cli.Display.LiveDisplay;

namespace Attune.Cli.Tests.Display;

public sealed class LiveDisplayTests
{
    readonly FakeClock clock = new();
    readonly TinyScreen screen = new() { Width = 60 };

    [Fact]
    public void ARunIsPaintedOverItselfAndLeavesItsLastState()
    {
        using var display = Display();
        display.Begin("ppo", 0, 4);
        Assert.Equal([$"ppo  {Bar(0, 40)}  0/4  0s"], screen.Rows);
        Steps(display, 1, 2);
        Assert.Equal([$"ppo  {Bar(14, 15)}  2/4  2.0 s/step  ETA 4s", "  score 2"], screen.Rows);
        Steps(display, 3, 4);
        display.End("done");
        Assert.Equal([$"ppo  {Bar(33, 0)}  4/4  2.0 s/step  8s", "  score 4", "done", ""], screen.Rows);
        Assert.Equal(0, clock.Timers);
    }

    [Fact]
    public void TheTimeLeftGoesOnWhileAStepTakesLong()
    {
        using var display = Display();
        display.Begin("ppo", 0, 100);
        Steps(display, 1, 10);
        Assert.EndsWith("ETA 3m00s", screen.Rows[0], StringComparison.Ordinal);
        clock.Advance(30);
        Assert.EndsWith("ETA 2m30s", screen.Rows[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluation_WhileItRuns_IsShownInPlaceOfTheTime()
    {
        using var display = Display();
        display.Begin("ppo", 0, 4);
        Steps(display, 1, 2);
        display.BeginEvaluation(2);
        clock.Advance(30);
        Assert.EndsWith("2.0 s/step  evaluating", screen.Rows[0], StringComparison.Ordinal);
        display.EndEvaluation(1, new Dictionary<string, double>());
        Steps(display, 3, 3);
        Assert.Contains("ETA", screen.Rows[0], StringComparison.Ordinal);
    }

    [Fact]
    public void NoticesStandAboveAndStay()
    {
        using var display = Display();
        display.Notice("before it begins");
        display.Begin("ppo", 0, 4);
        Steps(display, 1, 1);
        display.Notice("step 1 was not applied:\nthe batch \e[2J");
        Steps(display, 2, 2);
        Assert.Equal(
            ["before it begins", "step 1 was not applied:", "the batch ␛[2J",
                $"ppo  {Bar(14, 15)}  2/4  2.0 s/step  ETA 4s", "  score 2"],
            screen.Rows);
    }

    [Fact]
    public void ALineThatANarrowerWindowHasWrappedIsClearedWhole()
    {
        using var display = Display();
        display.Notice("stays");
        display.Begin("ppo", 0, 4);
        Steps(display, 1, 2);
        screen.Resize(25);
        clock.Advance(0.2);
        Assert.Equal(["stays", $"{Bar(5, 6)}  2/4  ETA 4s", "  score 2"], screen.Rows.Where(row => row.Length > 0));
    }

    [Fact]
    public void SeveralRunsFollowEachOther()
    {
        using var display = Display();
        foreach (var name in (string[])["sft", "ppo"])
        {
            display.Begin(name, 0, 1);
            Steps(display, 1, 1);
            display.End($"{name} done");
        }
        Assert.Equal(
            [$"sft  {Bar(40, 0)}  1/1  2s", "  score 1", "sft done", $"ppo  {Bar(40, 0)}  1/1  2s", "  score 1", "ppo done", ""],
            screen.Rows);
    }

    [Fact]
    public void AnErrorFindsAFreshLineAfterItIsDisposedOf()
    {
        var display = Display();
        display.Begin("ppo", 0, 4);
        Steps(display, 1, 1);
        display.Dispose();
        display.Dispose();
        screen.Write("attune: no space left");
        clock.Advance(10);
        Assert.Equal("attune: no space left", screen.Rows[^1]);
        Assert.Equal(3, screen.Rows.Count);
    }

    [Fact]
    public void ATerminalThatGoesAwayDoesNotStopTheRun()
    {
        using var display = new LiveDisplay(Console(new Gone()), clock);
        display.Begin("ppo", 0, 4);
        Steps(display, 1, 4);
        display.Notice("nobody reads it");
        display.End("done");
        Assert.Equal(0, clock.Timers);
    }

    LiveDisplay Display() => new(Console(screen), clock);

    IAnsiConsole Console(TextWriter writer) => AnsiConsole.Create(new()
    {
        Ansi = AnsiSupport.Yes,
        ColorSystem = ColorSystemSupport.EightBit,
        Out = new Terminal(writer, () => screen.Width),
    });

    void Steps(LiveDisplay display, int first, int last)
    {
        for (var step = first; step <= last; step++)
        {
            clock.Advance(1.8);
            display.Step(step, new Dictionary<string, double>(), $"score {step}");
            clock.Advance(0.2);                                  // and it is painted
        }
    }

    static string Bar(int done, int toDo) => new string('━', done) + new string('─', toDo);

    sealed class Terminal(TextWriter writer, Func<int> width) : IAnsiConsoleOutput
    {
        public TextWriter Writer => writer;

        public bool IsTerminal => true;

        public int Width => width();

        public int Height => 24;

        public void SetEncoding(Encoding encoding)
        {
        }
    }

    sealed class Gone : StringWriter
    {
        public override void Write(string? value) => throw new IOException("Input/output error");

        public override void Write(char value) => throw new IOException("Input/output error");
    }
}
