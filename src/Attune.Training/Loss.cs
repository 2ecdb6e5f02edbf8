using Attune.Torch;

namespace Attune.Training;

/// <summary>A loss to descend, and what to log of it.</summary>
/// <param name="Value">One number with a graph behind it.</param>
/// <param name="Metrics">Shares of means: added up over the micro-batches of a step they are the step's figures.</param>
public sealed record Loss(Tensor Value, IReadOnlyDictionary<string, double> Metrics);
