namespace Attune;

/// <summary>What a step of a training run logged.</summary>
/// <param name="Number">The step, counted from 1.</param>
/// <param name="Total">Steps of the whole run.</param>
/// <param name="Metrics">All metrics of the step, under the names that metrics.jsonl has.</param>
/// <param name="Summary">The metrics that matter most, as a short text.</param>
public sealed record StepResult(int Number, int Total, IReadOnlyDictionary<string, double> Metrics, string Summary);
