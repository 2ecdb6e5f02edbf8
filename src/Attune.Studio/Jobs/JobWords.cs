using Attune.Reporting.Charts;
using Attune.Reporting.Runs;
using Attune.Store;
using Attune.Studio.Runs;

namespace Attune.Studio.Jobs;

/// <summary>What the pages of jobs and runs say alike.</summary>
static class JobWords
{
    public static string Times(Job job) => job switch
    {
        { StartedAt: null, FinishedAt: null } => "waits for those before it",
        { StartedAt: null } => "never began",
        { FinishedAt: null } => $"for {NumberFormat.Duration(DateTimeOffset.UtcNow - job.StartedAt.Value)}",
        _ => $"took {NumberFormat.Duration(job.FinishedAt.Value - job.StartedAt.Value)}, ended {Date(job.FinishedAt.Value)}",
    };

    public static string Date(DateTimeOffset time) => $"{time:yyyy-MM-dd HH:mm} UTC";

    /// <summary>The page of the run that a job trains; null before that has begun.</summary>
    public static string? RunAddress(Job job, StudioOptions options) =>
        job.Run is { } run && new RunFolder(Path.Combine(options.Runs, run)).HasStarted ? RunEntry.AddressOf(run) : null;

    /// <summary>What a button to stop it says.</summary>
    public static string Stop(Job job) => job.State switch
    {
        JobState.Waiting => "Take back",
        JobState.Running => "Stop, and keep what is reached",
        _ => "Kill at once",
    };
}
