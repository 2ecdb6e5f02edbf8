using Attune.Reporting.Runs;

namespace Attune.Training.Runs;

/// <summary>What a look at held-out data found: figures, and samples to read.</summary>
public sealed record EvaluationResult(IReadOnlyDictionary<string, double> Metrics, IReadOnlyList<Sample> Samples)
{
    public static EvaluationResult Empty { get; } = new(new Dictionary<string, double>(), []);
}
