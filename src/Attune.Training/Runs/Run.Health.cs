using Attune.Reporting.Charts;
using Attune.Reporting.Files;
using Attune.Reporting.Health;
using Attune.Training.Health;

namespace Attune.Training.Runs;

/// <summary>How a run reacts to alarms about its health.</summary>
public sealed partial class Run
{
    JsonLinesLog? healthLog;
    HealthMonitor? health;
    Func<double, double> scaleKlCoef = _ => double.NaN;

    IEnumerable<int> ProtectedCheckpoints => health is { Options.Act: HealthAct.RollBack } watched ? watched.GoodCheckpoints : [];

    /// <summary>Watches the health of the steps, shows notices, and takes the action of the monitor's options.</summary>
    /// <param name="monitor">The monitor, which is registered with the run.</param>
    /// <param name="raise">Multiplies β, the coefficient of the KL penalty, by a factor and returns the new β; null without a
    /// penalty.</param>
    public void Watch(HealthMonitor monitor, Func<double, double>? raise)
    {
        (health, scaleKlCoef) = (monitor, raise ?? scaleKlCoef);
        Register("health", monitor);
    }

    void NotifyHealthChange(HealthChange change, int step)
    {
        var (finding, begins) = change;
        LogHealth(HealthEvent.FromChange(change, step));
        if (begins)
            Warn($"step {step}: {finding.Words}. {finding.Advice}");
        else
            Notice($"step {step}: no longer: {finding.Words}");
    }

    void LogHealth(HealthEvent happened) => healthLog?.Write(happened.ToJson());

    /// <summary>Takes the action that is due after a step.</summary>
    /// <returns>The step that the run was rolled back to, or null when it continues.</returns>
    int? Act(HealthAct act, Finding finding, int step)
    {
        if (act == HealthAct.RollBack)
            return RollBack(finding, step);
        health!.Acted(step);
        if (act == HealthAct.Stop)
            Stop(finding, step);
        ReportAction(step, "β raised", $"{finding.Words}; β is now {NumberFormat.Number(scaleKlCoef(health.Options.BetaFactor))}");
        return null;
    }

    int RollBack(Finding finding, int step)
    {
        var (times, goodStep) = (health!.RollBacks + 1, health.GoodCheckpoint());
        if (goodStep is null || Restore(() => checkpoints.Load(states, Warn, goodStep.Value)) is not { } restoredStep)
            throw new TrainingStoppedException(
                $"step {step}: {finding.Words}, and there is no good checkpoint to roll back to. {finding.Advice}");
        var beta = scaleKlCoef(health.Options.BetaFactor);
        health.RolledBack(restoredStep, times);
        CloseFiles();
        OpenFiles(restoredStep);
        ReportAction(restoredStep, "rolled back",
            $"at step {step}, {finding.Words}; the run continues from step {restoredStep}, and β is now {NumberFormat.Number(beta)}");
        checkpoints.Replace(restoredStep, states);
        return restoredStep;
    }

    /// <summary>Loads a state; the time that the run has worked since then still counts.</summary>
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
        ReportAction(step, "stopped", finding.Words);
        WriteCheckpoint(step);
        throw new TrainingStoppedException(
            $"stopped after step {step}, saved: {finding.Words}. {finding.Advice} If the run is fine, {HowToResume}.");
    }

    void ReportAction(int step, string what, string words)
    {
        LogHealth(new(step, what) { Words = words });
        Warn($"{what}: {words}");
    }

    void SaveCheckpoint(int step)
    {
        health?.NoteCheckpoint(step);
        WriteCheckpoint(step);
    }

    void WriteCheckpoint(int step)
    {
        checkpoints.Save(step, states, ProtectedCheckpoints);
        display.Checkpoint(step);
    }
}
