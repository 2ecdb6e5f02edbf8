using System.Globalization;
using Attune.Torch.Distributed;
using Attune.Training.Rewards;

namespace Attune.Cli.Launch;

/// <summary>Runs a command as one of the ranks of a job, if a launcher has started this process as one.</summary>
static class RankJob
{
    /// <summary>The environment variable with the process id of <c>attune launch</c>.</summary>
    public const string LauncherName = "ATTUNE_LAUNCHER";

    /// <summary>How long a rank that computes has to notice that another one has failed, before it is ended.</summary>
    static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    /// <exception cref="RankFailedException">Another rank has failed.</exception>
    public static int Run(Func<int> command)
    {
        if (RankEnvironment.Read(Environment.GetEnvironmentVariable) is not { } environment)
            return command();
        EndWithLauncher();
        using var group = ProcessGroup.Join(environment, EndSoon);
        using var ranks = Ranks.Use(group);
        try
        {
            return command();
        }
        catch (Exception error) when (error is not (RankFailedException or OperationCanceledException))
        {
            group.Fail(error.Message);
            throw;
        }
    }

    /// <summary>Stops this rank like Ctrl-C when <c>attune launch</c> is killed.</summary>
    static void EndWithLauncher()
    {
        if (!int.TryParse(Environment.GetEnvironmentVariable(LauncherName), CultureInfo.InvariantCulture, out var launcher))
            return;
        Posix.SignalWhenParentEnds(Launcher.Terminate);
        if (Posix.ParentId != launcher)
            Posix.Kill(Environment.ProcessId, Launcher.Terminate);
    }

    static void EndSoon(RankFailedException failure)
    {
        Thread.Sleep(Grace);
        Console.Error.WriteLine($"attune: {failure.Message}");
        RewardSources.KillProcesses();
        Posix.Exit(CommandLine.OtherRankFailed);
    }
}
