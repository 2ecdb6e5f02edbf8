using Attune.Reporting.Runs;

namespace Attune.Training.Runs;

/// <summary>The result of an evaluation on held-out data: metrics, and samples to read.</summary>
public sealed record EvaluationResult(IReadOnlyDictionary<string, double> Metrics, IReadOnlyList<Sample> Samples)
{
    public static EvaluationResult Empty { get; } = new(new Dictionary<string, double>(), []);
}
