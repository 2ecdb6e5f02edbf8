namespace Attune.Training.Runs;

/// <summary>A step of a run: its metrics, and its updates.</summary>
public sealed class TrainingStep(int number)
{
    readonly Dictionary<string, double> metrics = new(StringComparer.Ordinal);

    /// <summary>The number of the step, from 1.</summary>
    public int Number => number;

    /// <summary>The index of the step, from 0, for batches and schedules.</summary>
    public int Index => number - 1;

    public IReadOnlyDictionary<string, double> Metrics => metrics;

    /// <summary>How many updates were applied.</summary>
    public int Updates { get; private set; }

    /// <summary>Why an update was skipped; null if none was.</summary>
    public string? Skipped { get; private set; }

    public void Log(string name, double value) => metrics[name] = value;

    public void Log(IEnumerable<KeyValuePair<string, double>> values)
    {
        foreach (var (name, value) in values)
            metrics[name] = value;
    }

    /// <summary>Records that an update was applied.</summary>
    public void Update() => Updates++;

    /// <summary>Records that an update was skipped, and why.</summary>
    public void Skip(string reason) => Skipped = reason;
}
