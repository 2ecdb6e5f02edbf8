using System.ComponentModel;
using System.Diagnostics;
using Attune.Store;
using Attune.Studio.Loop;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Attune.Studio.Jobs;

/// <summary>
/// Runs jobs, one at a time and in the order in which they were asked for: a second one on the same processor or card would make both slow.
/// It holds nothing that matters: children go on when the studio ends, and the next studio finds them by their folders.
/// </summary>
sealed class JobRunner(StudioOptions options, PreferenceStore store, ILogger<JobRunner> log) : BackgroundService
{
    const int Killed = 137;

    static readonly TimeSpan Rhythm = TimeSpan.FromMilliseconds(400);

    (long Job, int Step, Process Process)? started;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Rhythm);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            Advance();
    }

    public override void Dispose()
    {
        started?.Process.Dispose();
        base.Dispose();
    }

    /// <summary>A job that cannot go on never hurts the others, nor the server.</summary>
    void Advance()
    {
        try
        {
            if (store.Jobs.Unfinished() is [var job, ..])
                Advance(job);
        }
        catch (Exception error)
        {
            log.LogError(error, "Looking after jobs failed; it is tried again");
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
                TakeIn(job, folder);
                break;
        }
    }

    void Begin(Job job, DetachedProcess child)
    {
        if (started is var (id, step, process) && (id, step) == (job.Id, job.Step))
        {
            if (process.HasExited && child.State == ChildState.NotBegun)
                store.Jobs.Finish(job.Id, null, "its program could not be started: the studio's folder of jobs cannot be written");
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
            store.Jobs.Finish(job.Id, null, $"its program could not be started: {error.Message}");
        }
    }

    void TakeIn(Job job, JobFolder folder)
    {
        try
        {
            if (job.Kind == JobKind.Sample)
                SampleJob.TakeIn(store, job, folder);
            else if (job.Kind == JobKind.Score)
                ScoreJob.TakeIn(store, job, folder);
            else
                store.Jobs.Finish(job.Id, 0, null);
        }
        catch (Exception error)
        {
            log.LogError(error, "The result of job {Job} could not be taken in", job.Id);
            store.Jobs.Finish(job.Id, null, $"it ended well, but what it made could not be taken in: {error.Message}");
        }
    }

    static string Words(int? exitCode, JobFolder folder) => exitCode switch
    {
        Job.Interrupted => "stopped; what it had reached is saved",
        null or Killed => "the program was killed, by somebody or because the machine ran out of memory",
        _ => LastWords(folder) is { Length: > 0 } words ? words : $"the program ended with exit code {exitCode}",
    };

    /// <summary>The message with which Attune ends, or whatever was said last.</summary>
    static string LastWords(JobFolder folder)
    {
        const string Name = "attune: ";
        var lines = folder.LastLines(12);
        var message = lines.Index().LastOrDefault(line => line.Item.StartsWith(Name, StringComparison.Ordinal));
        return message.Item is null ? string.Join('\n', lines.TakeLast(3)) : string.Join('\n', lines.Skip(message.Index))[Name.Length..];
    }
}
