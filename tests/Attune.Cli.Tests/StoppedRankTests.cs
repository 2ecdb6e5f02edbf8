namespace Attune.Cli.Tests;

/// <summary>A rank that does not answer, although its connections are open. Waits for half a minute beside the other tests.</summary>
public sealed class StoppedRankTests
{
    [Fact]
    public void Launch_RankIsStopped_EndsWithinThirtySeconds()
    {
        using var job = new RankedJob(2);
        job.Signal("STOP", 1);
        job.Wait(TimeSpan.FromSeconds(60));
        Assert.Contains("attune: Rank 1 does not answer: nothing was received from it for 25 seconds.", job.Error);
    }
}
