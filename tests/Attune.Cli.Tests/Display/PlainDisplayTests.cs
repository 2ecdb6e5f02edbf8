using Attune.Cli.Display;

namespace Attune.Cli.Tests.Display;

public sealed class PlainDisplayTests
{
    static readonly Dictionary<string, double> Nothing = [];

    readonly FakeClock clock = new();
    readonly StringWriter output = new() { NewLine = "\n" };

    [Fact]
    public void ARunIsALineEveryFiveSecondsAndOneAtTheEnd()
    {
        var display = new PlainDisplay(output, clock);
        display.Begin("ppo", 0, 20);
        for (var step = 1; step <= 20; step++)
        {
            clock.Advance(0.7);
            display.Step(step, Nothing, $"score {step / 10.0:F2}, KL 4.1 nats, healthy");
        }
        display.End("done in 14 s; the model is in runs/ppo/model");
        Assert.Equal(
            """
            ppo: 20 steps
            step 8/20  1.4 steps/s  ETA 8s  score 0.80, KL 4.1 nats, healthy
            step 16/20  1.4 steps/s  ETA 3s  score 1.60, KL 4.1 nats, healthy
            step 20/20  1.4 steps/s  score 2.00, KL 4.1 nats, healthy
            done in 14 s; the model is in runs/ppo/model

            """, output.ToString());
    }

    [Fact]
    public void AResumedRunSaysWhereItGoesOn()
    {
        var display = new PlainDisplay(output, clock);
        display.Begin("sft", 120, 400);
        clock.Advance(30);
        display.Step(121, new Dictionary<string, double> { ["tokens"] = 4096 }, "loss 1.234");
        clock.Advance(5);
        display.Step(122, new Dictionary<string, double> { ["tokens"] = 4096 }, "");
        Assert.Equal(
            """
            sft: 400 steps, resuming after step 120
            step 121/400  loss 1.234
            step 122/400  819 tokens/s  ETA 23m10s

            """, output.ToString());
    }

    [Fact]
    public void ANoticeIsALineOfItsOwnAndItsControlCharactersDoNothing()
    {
        new PlainDisplay(output, clock).Notice("the batch: \e[2J\u202e\"x\"");
        Assert.Equal("note: the batch: ␛[2J[U+202E]\"x\"\n", output.ToString());
    }

    [Fact]
    public void AReaderWhoHasGoneDoesNotStopTheRun()
    {
        var display = new PlainDisplay(new ClosedPipe(), clock);
        display.Begin("ppo", 0, 1);
        display.Step(1, Nothing, "score 1.00");
        display.End("done");
    }

    sealed class ClosedPipe : StringWriter
    {
        public override void WriteLine(string? value) => throw new IOException("Broken pipe");
    }
}
