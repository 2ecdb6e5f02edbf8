using System.Diagnostics;

namespace Attune.Cli.Tests;

/// <summary>Jobs of several real processes, whose ranks are killed and stopped.</summary>
public sealed class LaunchTests
{
    [Fact]
    public void Doctor_TwoRanks_ReachEachOther()
    {
        var (code, output, error) = Commands.RunProcess("launch", "--processes", "2", "--", "doctor", "--ranks");
        Assert.True(code == 0, error);
        Assert.Matches(@"rank 0 .*\nrank 1 .*\nlatency .* µs for the sum of one number\n1 MiB ", output);
        Assert.Equal("", error);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Launch_RankIsKilledDuringExchanges_EndsWithItsRank(int rank)
    {
        using var job = new RankedJob(3);
        job.Signal("KILL", rank);
        Assert.Equal(137, job.Wait(RankedJob.Limit));
        Assert.EndsWith($"attune: Rank {rank} was ended by signal 9. The system does that when memory is short.", job.Error);
        var other = rank == 1 ? 2 : 1;
        Assert.Contains($"[rank {other}] attune: Rank {rank} does not answer: its connection was closed.", job.Error);
    }

    [Fact]
    public void Launch_RankIsKilledWhileOthersCompute_EndsThem()
    {
        using var job = new RankedJob(2, "--compute", "600");
        job.Signal("KILL", 1);
        Assert.Equal(137, job.Wait(RankedJob.Limit));
        Assert.Contains("attune: Rank 1 does not answer: its connection was closed.", job.Error);
    }

    [Fact]
    public void Launch_Terminated_EndsAllRanks()
    {
        using var job = new RankedJob(2, "--compute", "600");
        Process.Start("kill", ["-TERM", $"{job.Id}"]).WaitForExit();
        Assert.NotEqual(0, job.Wait(RankedJob.Limit));
        job.AssertGone();
    }

    [Fact]
    public void Launch_IsKilled_EndsAllRanks()
    {
        using var job = new RankedJob(2, "--compute", "600");
        Process.Start("kill", ["-KILL", $"{job.Id}"]).WaitForExit();
        job.Wait(RankedJob.Limit);
        job.AssertGone();
    }

    [Fact]
    public void Launch_RecipeIsMissing_SaysSoWithExitCodeTwo()
    {
        var (code, _, error) = Commands.RunProcess("launch", "--processes", "2", "--", "sft", "missing.yaml");
        Assert.Equal(2, code);
        Assert.Contains("missing.yaml", error);
        Assert.Matches(@"attune: Rank [01] failed with exit code 2[.:].*$", error.TrimEnd());
    }

    [Theory]
    [InlineData("--processes must be at least 1 (was 0).", "--processes", "0", "--", "sft", "a.yaml")]
    [InlineData("--machine must be from 0 to 1 (was 2).", "--machines", "2", "--machine", "2", "--", "sft", "a.yaml")]
    [InlineData("give --master-address", "--machines", "2", "--", "sft", "a.yaml")]
    [InlineData("(was 'serve')", "--", "serve")]
    public void Launch_BadOptions_SaysWhich(string expected, params string[] words) => Commands.Fail(expected, ["launch", .. words]);

    [Fact]
    public void Train_HalfOfTheVariables_SaysWhatIsMissing()
    {
        var (code, _, error) = Commands.RunWith(new Dictionary<string, string> { ["WORLD_SIZE"] = "2" }, "sft", "a.yaml");
        Assert.Equal(2, code);
        Assert.Contains("RANK is not set", error);
    }

    [Fact]
    public void Doctor_RanksWithoutLauncher_SaysHowToStart() =>
        Commands.Fail("attune launch --processes 2 -- doctor --ranks", "doctor", "--ranks");
}
