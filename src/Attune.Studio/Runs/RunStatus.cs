using Attune.Store;

namespace Attune.Studio.Runs;

public enum RunState
{
    Waiting,
    Running,
    Stopping,
    Finished,
    Stopped,
    Failed,
}

/// <summary>The state of a run and the job that trains it.</summary>
/// <param name="State">The state.</param>
/// <param name="Job">The newest job of the studio that trains or trained it; null where it was started elsewhere.</param>
public sealed record RunStatus(RunState State, Job? Job)
{
    /// <summary>Whether it may still write more.</summary>
    public bool IsOpen => State is RunState.Waiting or RunState.Running or RunState.Stopping;

    public static RunStatus FromRun(RunEntry run, PreferenceStore store)
    {
        var job = store.Jobs.OfRun(run.Name);
        var state = job switch
        {
            _ when run.Folder.IsFinished => RunState.Finished,
            { State: JobState.Waiting } => RunState.Waiting,
            { State: JobState.Stopping } => RunState.Stopping,
            { State: JobState.Running } => RunState.Running,
            _ when run.Folder.IsInUse => RunState.Running,
            { State: JobState.Failed } => RunState.Failed,
            _ => RunState.Stopped,
        };
        return new(state, job);
    }
}
