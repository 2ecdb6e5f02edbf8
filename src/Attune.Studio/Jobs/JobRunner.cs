using System.ComponentModel;
using System.Diagnostics;
using Attune.Store;
using Attune.Studio.Loop;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Attune.Studio.Jobs;

/// <summary>
/// Runs jobs one at a time, in the order in which they were added: two at once on the same CPU or GPU would slow each other down. It keeps
/// no state that matters: child processes continue when the studio ends, and a restarted studio finds them by their folders.
/// </summary>
sealed class JobRunner(StudioOptions options, PreferenceStore store, ILogger<JobRunner> log) : BackgroundService
{
    const int Killed = 137;

    static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(400);

    (long Job, int Step, Process Process)? started;
    bool otherRunnerReported;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(PollInterval);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            if (IsOnlyRunner())
                Advance();
    }

    /// <summary>Two studios of one store must not both run its jobs.</summary>
    bool IsOnlyRunner()
    {
        if (store.TryHoldJobs())
            return true;
        if (!otherRunnerReported)
            log.LogWarning("another studio uses this store and runs its jobs; this one runs them when that one ends");
        otherRunnerReported = true;
        return false;
    }

    public override void Dispose()
    {
        started?.Process.Dispose();
        base.Dispose();
    }

    /// <summary>An error in one job must not stop the others or the server.</summary>
    void Advance()
    {
        try
        {
            if (store.Jobs.Unfinished() is [var job, ..])
                Advance(job);
        }
        catch (Exception error)
        {
            log.LogError(error, "Advancing the jobs failed; it will be tried again");
        }
    }

    void Advance(Job job)
    {
        var folder = JobFolder.ForJob(options, job.Id);
        var child = folder.Child(job.Step);
        switch (child.State)
        {
            case ChildState.Running:
                child.Stop(job.Stops);
                break;
            case ChildState.NotBegun when job.Stops > 0:
                store.Jobs.Finish(job.Id, null, "stopped");
                break;
            case ChildState.NotBegun when !Directory.Exists(folder.Path):
                store.Jobs.Finish(job.Id, null,
                    "its files are not here: another studio with another folder started it; give all studios of this database the same "
                    + "folder (--folder)");
                break;
            case ChildState.NotBegun:
                Begin(job, child);
                break;
            case ChildState.Ended when child.ExitCode != 0:
                store.Jobs.Finish(job.Id, child.ExitCode, Words(child.ExitCode, folder));
                break;
            case ChildState.Ended when job.Step + 1 < job.Commands.Count:
                store.Jobs.Begin(job.Id, job.Step + 1);
                break;
            default:
                ImportResult(job, folder);
                break;
        }
    }

    void Begin(Job job, DetachedProcess child)
    {
        if (started is var (id, step, process) && (id, step) == (job.Id, job.Step))
        {
            if (process.HasExited && child.State == ChildState.NotBegun)
                store.Jobs.Finish(job.Id, null, "the program could not be started: the studio's jobs folder is not writable");
            return;
        }
        store.Jobs.Begin(job.Id, job.Step);
        try
        {
            started?.Process.Dispose();
            started = (job.Id, job.Step, child.Start([.. options.Attune, .. job.Commands[job.Step]]));
        }
        catch (Win32Exception error)
        {
            store.Jobs.Finish(job.Id, null, $"the program could not be started: {error.Message}");
        }
    }

    void ImportResult(Job job, JobFolder folder)
    {
        try
        {
            if (job.Kind == JobKind.Sample)
                SampleJob.ImportResult(store, job, folder);
            else if (job.Kind == JobKind.Score)
                ScoreJob.ImportResult(store, job, folder);
            else
                store.Jobs.Finish(job.Id, 0, null);
        }
        catch (Exception error)
        {
            log.LogError(error, "Importing the result of job {Job} failed", job.Id);
            store.Jobs.Finish(job.Id, null, $"the program finished, but its result could not be imported: {error.Message}");
        }
    }

    static string Words(int? exitCode, JobFolder folder) => exitCode switch
    {
        Job.Interrupted => "stopped; its progress is saved",
        null or Killed => "the program was killed, by a person or because the machine ran out of memory",
        _ => LastWords(folder) is { Length: > 0 } words ? words : $"the program ended with exit code {exitCode}",
    };

    /// <summary>The last error message of Attune, or the last lines of the log.</summary>
    static string LastWords(JobFolder folder)
    {
        const string Name = "attune: ";
        var lines = folder.LastLines(12);
        var message = lines.Index().LastOrDefault(line => line.Item.StartsWith(Name, StringComparison.Ordinal));
        return message.Item is null ? string.Join('\n', lines.TakeLast(3)) : string.Join('\n', lines.Skip(message.Index))[Name.Length..];
    }
}
