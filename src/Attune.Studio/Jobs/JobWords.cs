using Attune.Reporting.Charts;
using Attune.Reporting.Runs;
using Attune.Store;
using Attune.Studio.Runs;

namespace Attune.Studio.Jobs;

/// <summary>Texts shared by the pages of jobs and runs.</summary>
static class JobWords
{
    public static string Times(Job job) => job switch
    {
        { StartedAt: null, FinishedAt: null } => "waits for earlier jobs",
        { StartedAt: null } => "not started",
        { FinishedAt: null } => $"running for {Between(job.StartedAt.Value, DateTimeOffset.UtcNow)}",
        _ => $"took {Between(job.StartedAt.Value, job.FinishedAt.Value)}, ended {Date(job.FinishedAt.Value)}",
    };

    /// <summary>The clock may have been set back in between.</summary>
    static string Between(DateTimeOffset start, DateTimeOffset end) => NumberFormat.Duration(end > start ? end - start : TimeSpan.Zero);

    public static string Date(DateTimeOffset time) => $"{time:yyyy-MM-dd HH:mm} UTC";

    /// <summary>The address of the run that a job trains; null before it has started.</summary>
    public static string? RunAddress(Job job, StudioOptions options) =>
        job.Run is { } run && new RunFolder(Path.Combine(options.Runs, run)).HasStarted ? RunEntry.AddressOf(run) : null;

    /// <summary>The label of the button that stops it.</summary>
    public static string Stop(Job job) => job.State switch
    {
        JobState.Waiting => "Cancel",
        JobState.Running => "Stop and save",
        _ => "Kill now",
    };
}
