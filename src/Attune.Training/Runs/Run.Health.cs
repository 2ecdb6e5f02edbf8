using Attune.Reporting.Charts;
using Attune.Reporting.Files;
using Attune.Reporting.Health;
using Attune.Training.Health;

namespace Attune.Training.Runs;

/// <summary>What a run does about its health.</summary>
public sealed partial class Run
{
    JsonLinesLog? healthLog;
    HealthMonitor? health;
    Func<double, double> raiseBeta = _ => double.NaN;

    IEnumerable<int> ProtectedCheckpoints => health is { Options.Act: HealthAct.RollBack } watched ? watched.GoodCheckpoints : [];

    /// <summary>Watches the health of the steps, says in words what goes wrong, and does what the monitor's options want.</summary>
    /// <param name="monitor">Watches.</param>
    /// <param name="raise">Multiplies β, the coefficient of the KL penalty, by a factor and returns the new β; null without a penalty.</param>
    public void Watch(HealthMonitor monitor, Func<double, double>? raise)
    {
        (health, raiseBeta) = (monitor, raise ?? raiseBeta);
        Register("health", monitor);
    }

    void Say(HealthChange change, int step)
    {
        var (finding, begins) = change;
        LogHealth(HealthEvent.FromChange(change, step));
        Notice(begins ? $"step {step}: {finding.Words}. {finding.Advice}" : $"step {step}: over: {finding.Words}");
    }

    void LogHealth(HealthEvent happened) => healthLog!.Write(happened.ToJson());

    /// <summary>Does what is due after a step.</summary>
    /// <returns>The step that the run went back to, or null when it goes on.</returns>
    int? Act(HealthAct act, Finding finding, int step)
    {
        if (act == HealthAct.RollBack)
            return RollBack(finding, step);
        health!.Acted(step);
        if (act == HealthAct.Stop)
            Stop(finding, step);
        Done(step, "β raised", $"{finding.Words}; β is now {NumberFormat.Number(raiseBeta(health.Options.BetaFactor))}");
        return null;
    }

    int RollBack(Finding finding, int step)
    {
        var (times, wanted) = (health!.RollBacks + 1, health.GoodCheckpoint());
        if (wanted is null || Restore(() => checkpoints.Load(states, Notice, wanted.Value)) is not { } back)
            throw new TrainingStoppedException($"step {step}: {finding.Words}, and there is no good checkpoint to go back to. {finding.Advice}");
        var beta = raiseBeta(health.Options.BetaFactor);
        health.RolledBack(back, times);
        CloseFiles();
        OpenFiles(back);
        Done(back, "rolled back", $"at step {step}, {finding.Words}; the run went back to step {back}, and β is now {NumberFormat.Number(beta)}");
        checkpoints.Replace(back, states);
        return back;
    }

    /// <summary>Loads a state; what the run has worked since counts as time all the same.</summary>
    int? Restore(Func<int?> load)
    {
        var seconds = Seconds;
        var loaded = load();
        secondsBefore = seconds;
        if (clock.IsRunning)
            clock.Restart();
        else
            clock.Reset();
        return loaded;
    }

    void Stop(Finding finding, int step)
    {
        Done(step, "stopped", finding.Words);
        checkpoints.Save(step, states, ProtectedCheckpoints);
        throw new TrainingStoppedException(
            $"stopped after step {step}, saved: {finding.Words}. {finding.Advice} `attune train {Folder.Path}` goes on all the same.");
    }

    void Done(int step, string what, string words)
    {
        LogHealth(new(step, what) { Words = words });
        Notice($"{what}: {words}");
    }

    void SaveCheckpoint(int step)
    {
        health?.NoteCheckpoint(step);
        checkpoints.Save(step, states, ProtectedCheckpoints);
    }
}
