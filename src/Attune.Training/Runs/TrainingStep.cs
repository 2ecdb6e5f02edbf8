namespace Attune.Training.Runs;

/// <summary>One step of a run, while its body runs: what it logs, and whether it was skipped.</summary>
public sealed class TrainingStep(int number)
{
    readonly Dictionary<string, double> metrics = new(StringComparer.Ordinal);

    /// <summary>Counted from 1.</summary>
    public int Number => number;

    /// <summary>Counted from 0, as batches and schedules count.</summary>
    public int Index => number - 1;

    public IReadOnlyDictionary<string, double> Metrics => metrics;

    /// <summary>Why the step changed nothing, if it did not.</summary>
    public string? Skipped { get; private set; }

    public void Log(string name, double value) => metrics[name] = value;

    public void Log(IEnumerable<KeyValuePair<string, double>> values)
    {
        foreach (var (name, value) in values)
            metrics[name] = value;
    }

    /// <summary>Says that the step was not applied, and why.</summary>
    public void Skip(string reason) => Skipped = reason;
}
