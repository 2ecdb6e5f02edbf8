using Attune.Cli.Display;

namespace Attune.Cli.Tests.Display;

public sealed class PaceTests
{
    readonly FakeClock clock = new();

    [Fact]
    public void TheRateIsThatOfTheStepsAfterTheFirst()
    {
        var pace = Started(done: 0, total: 400);
        Steps(pace, 1, 1, seconds: 60);
        Assert.Equal((null, ""), (pace.StepsPerSecond, pace.Rate));
        Steps(pace, 2, 5, seconds: 0.5);
        Assert.Equal(2, pace.StepsPerSecond!.Value, 9);
        Assert.Equal(("2.0 steps/s", "ETA 3m18s"), (pace.Rate, pace.Eta));
    }

    [Fact]
    public void AResumedRunCountsTheStepsOfThisProcessOnly()
    {
        var pace = Started(done: 300, total: 400);
        Steps(pace, 301, 310, seconds: 2);
        Assert.Equal(0.5, pace.StepsPerSecond!.Value, 9);
        Assert.Equal(TimeSpan.FromSeconds(180), pace.Remaining);
        Assert.Equal("2.0 s/step", pace.Rate);
    }

    [Fact]
    public void TimeThatPassesInAStepIsTakenOff()
    {
        var pace = Started(done: 0, total: 10);
        Steps(pace, 1, 5, seconds: 10);
        clock.Advance(4);
        Assert.Equal(TimeSpan.FromSeconds(46), pace.Remaining);
        clock.Advance(100);
        Assert.Equal(TimeSpan.Zero, pace.Remaining);
    }

    [Fact]
    public void ARunThatBecomesSlowerIsNoticedWithinMinutes()
    {
        var pace = Started(done: 0, total: 100_000);
        Steps(pace, 1, 1000, seconds: 0.1);
        Assert.Equal(10, pace.StepsPerSecond!.Value, 9);
        Steps(pace, 1001, 1600, seconds: 1);
        Assert.InRange(pace.StepsPerSecond!.Value, 1, 1.2);
    }

    [Fact]
    public void TokensAreCountedWhereTheyAreLogged()
    {
        var pace = Started(done: 0, total: 10);
        Steps(pace, 1, 4, seconds: 0.25, tokens: 2048);
        Assert.Equal("8,192 tokens/s", pace.Rate);
    }

    [Fact]
    public void AfterTheLastStepNothingIsLeft()
    {
        var pace = Started(done: 0, total: 3);
        Steps(pace, 1, 3, seconds: 1);
        Assert.Equal(("", TimeSpan.Zero), (pace.Eta, pace.Remaining!.Value));
    }

    [Fact]
    public void StepsThatTakeNoTimeGiveNoRate()
    {
        var pace = Started(done: 0, total: 10);
        Steps(pace, 1, 5, seconds: 0);
        Assert.Equal((null, "", ""), (pace.StepsPerSecond, pace.Rate, pace.Eta));
    }

    Pace Started(int done, int total)
    {
        var pace = new Pace(clock);
        pace.Begin(done, total);
        return pace;
    }

    void Steps(Pace pace, int first, int last, double seconds, double tokens = 0)
    {
        for (var step = first; step <= last; step++)
        {
            clock.Advance(seconds);
            pace.Step(step, tokens);
        }
    }
}
