using Attune.Reporting.Charts;
using Attune.Reporting.Runs;
using Attune.Reporting.Studies;
using Attune.Training.Runs;

namespace Attune.Cli.Studies;

/// <summary>
/// Trains what a study lacks, each run in a process of its own: finished runs are left, those that were stopped go on, and one that
/// fails does not stop the others. The report is written anew whenever a run has ended.
/// </summary>
/// <param name="study">What to train.</param>
/// <param name="words">The command that reads this study, for the processes.</param>
/// <param name="jobs">Runs at once; 0 for none.</param>
/// <param name="display">Told of the steps of all runs together.</param>
/// <param name="cancellation">Stops every run with a checkpoint.</param>
sealed class StudyRunner(Study study, IReadOnlyList<string> words, int jobs, IRunDisplay display, CancellationToken cancellation)
{
    static readonly TimeSpan Rhythm = TimeSpan.FromMilliseconds(500);

    readonly Dictionary<string, string> failures = new(StringComparer.Ordinal);
    readonly List<StudyProcess> working = [];
    int stepsBefore;

    /// <exception cref="OperationCanceledException">Cancelled; every run can go on.</exception>
    public StudyResult Run()
    {
        var waiting = new Queue<StudyRun>(jobs == 0 ? [] : study.Runs.Where(run => !run.Folder.IsFinished));
        stepsBefore = study.Runs.Except(waiting).Sum(run => run.Steps);
        if (waiting.Count > 0)
            display.Begin(study.Name, stepsBefore + waiting.Sum(StudyProcess.StepsOf), study.Runs.Sum(run => run.Steps));
        while (waiting.Count + working.Count > 0)
        {
            if (cancellation.IsCancellationRequested)
                Stop(waiting);
            while (working.Count < jobs && waiting.TryDequeue(out var next))
                working.Add(new(next, words));
            Thread.Sleep(Rhythm);
            foreach (var ended in working.Where(process => process.HasEnded).ToList())
                End(ended);
            var steps = stepsBefore + working.Sum(process => process.Steps) + waiting.Sum(StudyProcess.StepsOf);
            display.Step(steps, new Dictionary<string, double>(), Summarize());
        }
        var result = Report();
        var failed = failures.Count > 0 ? $", {failures.Count} failed" : "";
        var goOn = cancellation.IsCancellationRequested ? "; the same command goes on" : "";
        display.End($"{study.Finished} of {study.Runs.Count} runs have ended{failed}{goOn}");
        cancellation.ThrowIfCancellationRequested();
        return result;
    }

    void Stop(Queue<StudyRun> waiting)
    {
        waiting.Clear();
        foreach (var process in working)
            process.Stop();
    }

    void End(StudyProcess process)
    {
        working.Remove(process);
        process.Dispose();
        stepsBefore += cancellation.IsCancellationRequested ? process.Steps : process.Run.Steps;
        if (process.Run.Folder.IsFinished)
            display.Notice($"{process.Run.Name}: done in {NumberFormat.Duration(RunRecord.Read(process.Run.Folder).Duration ?? TimeSpan.Zero)}");
        else if (!cancellation.IsCancellationRequested)
        {
            failures[process.Run.Name] = process.Reason;
            display.Notice($"{process.Run.Name} failed: {process.Reason}\n  (all it said: {process.Run.Log})");
        }
        Report();
    }

    StudyResult Report()
    {
        var result = StudyResult.Read(study, failures);
        StudyReport.Write(result);
        return result;
    }

    string Summarize()
    {
        var names = string.Join(", ", working.Select(process => process.Run.Name));
        var failed = failures.Count > 0 ? $", {failures.Count} failed" : "";
        return $"{study.Finished} of {study.Runs.Count} runs{failed}; at work: {names}";
    }
}
