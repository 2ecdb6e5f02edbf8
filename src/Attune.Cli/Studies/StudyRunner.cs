using Attune.Reporting.Charts;
using Attune.Reporting.Runs;
using Attune.Reporting.Studies;
using Attune.Text;
using Attune.Training.Runs;

namespace Attune.Cli.Studies;

/// <summary>
/// Trains the unfinished runs of a study, each in its own process. Interrupted runs are resumed, and a failed run does not stop the others.
/// The report is rewritten whenever a run ends.
/// </summary>
/// <param name="study">The study.</param>
/// <param name="command">The arguments of the command that reads this study.</param>
/// <param name="jobs">Runs at once; 0 for none.</param>
/// <param name="display">Shows the steps of all runs together.</param>
/// <param name="cancellation">Stops every run with a checkpoint.</param>
sealed class StudyRunner(Study study, IReadOnlyList<string> command, int jobs, IRunDisplay display, CancellationToken cancellation)
{
    static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(500);

    readonly Dictionary<string, string> failures = new(StringComparer.Ordinal);
    readonly List<StudyProcess> active = [];
    int stepsBefore;

    /// <exception cref="OperationCanceledException">The study was cancelled; every run can be resumed.</exception>
    public StudyResult Run()
    {
        var waiting = new Queue<StudyRun>(jobs == 0 ? [] : study.Runs.Where(run => !run.Folder.IsFinished));
        stepsBefore = study.Runs.Except(waiting).Sum(run => run.Steps);
        if (waiting.Count > 0)
            display.Begin(study.Name, stepsBefore + waiting.Sum(StudyProcess.StepsOf), study.Runs.Sum(run => run.Steps));
        while (waiting.Count + active.Count > 0)
        {
            if (cancellation.IsCancellationRequested)
                Stop(waiting);
            while (active.Count < jobs && waiting.TryDequeue(out var next))
                active.Add(new(next, command));
            Thread.Sleep(PollInterval);
            foreach (var ended in active.Where(process => process.HasEnded).ToList())
                End(ended);
            var steps = stepsBefore + active.Sum(process => process.Steps) + waiting.Sum(StudyProcess.StepsOf);
            display.Step(steps, new Dictionary<string, double>(), Summarize());
        }
        var result = Report();
        var failed = failures.Count > 0 ? $", {failures.Count} failed" : "";
        var resume = cancellation.IsCancellationRequested ? "; run the same command to resume" : "";
        display.End($"{study.Finished} of {Quantity.Of(study.Runs.Count, "run")} finished{failed}{resume}");
        cancellation.ThrowIfCancellationRequested();
        return result;
    }

    void Stop(Queue<StudyRun> waiting)
    {
        waiting.Clear();
        foreach (var process in active)
            process.Stop();
    }

    void End(StudyProcess process)
    {
        active.Remove(process);
        process.Dispose();
        stepsBefore += cancellation.IsCancellationRequested ? process.Steps : process.Run.Steps;
        if (process.Run.Folder.IsFinished)
        {
            var duration = RunRecord.Read(process.Run.Folder).Duration ?? TimeSpan.Zero;
            display.Notice($"{process.Run.Name}: finished in {NumberFormat.Duration(duration)}");
        }
        else if (!cancellation.IsCancellationRequested)
        {
            failures[process.Run.Name] = process.Reason;
            display.Notice($"{process.Run.Name} failed: {process.Reason}\n  (log: {process.Run.Log})");
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
        var names = string.Join(", ", active.Select(process => process.Run.Name));
        var failed = failures.Count > 0 ? $", {failures.Count} failed" : "";
        return $"{study.Finished} of {Quantity.Of(study.Runs.Count, "run")}{failed}; running: {names}";
    }
}
