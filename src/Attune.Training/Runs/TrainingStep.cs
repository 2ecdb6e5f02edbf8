namespace Attune.Training.Runs;

/// <summary>One step of a run, while its body runs: what it logs, and what was applied.</summary>
public sealed class TrainingStep(int number)
{
    readonly Dictionary<string, double> metrics = new(StringComparer.Ordinal);

    /// <summary>Counted from 1.</summary>
    public int Number => number;

    /// <summary>Counted from 0, as batches and schedules count.</summary>
    public int Index => number - 1;

    public IReadOnlyDictionary<string, double> Metrics => metrics;

    /// <summary>Updates of the parameters.</summary>
    public int Updates { get; private set; }

    /// <summary>Why an update could not be applied, if one could not.</summary>
    public string? Skipped { get; private set; }

    public void Log(string name, double value) => metrics[name] = value;

    public void Log(IEnumerable<KeyValuePair<string, double>> values)
    {
        foreach (var (name, value) in values)
            metrics[name] = value;
    }

    /// <summary>Says that the parameters moved.</summary>
    public void Update() => Updates++;

    /// <summary>Says that an update was not applied, and why.</summary>
    public void Skip(string reason) => Skipped = reason;
}
