using Attune.Reporting.Runs;
using Attune.Store;

namespace Attune.Studio.Jobs;

/// <summary>The progress of a job.</summary>
/// <param name="Done">Finished lines or steps.</param>
/// <param name="Total">All of them; 0 where that is not known.</param>
/// <param name="Thing">What is counted, in the singular.</param>
sealed record JobProgress(long Done, long Total, string Thing)
{
    public static JobProgress FromJob(Job job, StudioOptions options)
    {
        if (job.Kind == JobKind.Train)
            return job.Run is { } run && RunSteps.Count(new RunFolder(Path.Combine(options.Runs, run))) is var (done, total)
                ? new(done, total, "step") : new(0, 0, "step");
        var folder = JobFolder.ForJob(options, job.Id);
        return new(
            Enumerable.Range(0, job.Commands.Count).Sum(step => JobFolder.Lines(folder.Output(step))),
            job.Commands.Count * JobFolder.Lines(folder.Input), job.Kind == JobKind.Sample ? "prompt" : "item");
    }
}
