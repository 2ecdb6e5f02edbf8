using System.ComponentModel.DataAnnotations;
using Attune.Training.Options;

namespace Attune.Training.Batches;

/// <summary>How long a run trains, and the sizes of its batches.</summary>
public sealed record BatchOptions : IValidatableObject
{
    /// <summary>Passes over the training data, where steps is 0.</summary>
    public double Epochs { get; init; } = 1;

    /// <summary>Optimizer steps; 0 for as many as the epochs need.</summary>
    [Range(0, double.PositiveInfinity)]
    public int Steps { get; init; }

    /// <summary>Examples of one optimizer step.</summary>
    [Range(1, double.PositiveInfinity)]
    public int BatchSize { get; init; } = 16;

    /// <summary>
    /// Examples of a forward pass; the gradients of a step's micro-batches are added up, with the same result. 0 for the whole batch.
    /// null: chosen with microBatchTokens for the machine, the model and the batch, and recorded in the run folder.
    /// </summary>
    [Range(0, double.PositiveInfinity)]
    public int? MicroBatchSize { get; init; }

    /// <summary>
    /// The most tokens of a forward pass, padding included: examples of similar length share a micro-batch, at most microBatchSize of
    /// them; 0 for no limit.
    /// </summary>
    [Range(0, double.PositiveInfinity)]
    public int MicroBatchTokens { get; init; }

    /// <summary>
    /// Micro-batches that are computed in parallel on a CPU, each on one thread; gradients are bit-identical to those of run.threads 1. For
    /// models that are so small that several threads do not make an operator faster. 0: chosen for the machine, the model and the batch,
    /// and recorded in the run folder.
    /// </summary>
    [Range(0, double.PositiveInfinity)]
    [ThreadCount]
    public int Workers { get; init; }

    /// <summary>Whether a step can be split into micro-batches.</summary>
    internal bool SplitsBatches => MicroBatchTokens > 0 || (MicroBatchSize > 0 && MicroBatchSize < BatchSize);

    /// <summary>The steps of a run with this many examples.</summary>
    public int TotalSteps(int examples) => Steps > 0 ? Steps : Math.Max(1, (int)Math.Ceiling(Epochs * examples / BatchSize));

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Steps == 0 && Epochs <= 0)
            yield return new("must be above 0 where steps is 0", [nameof(Epochs)]);
        if (Workers > 1 && MicroBatchSize == 0 && MicroBatchTokens == 0)
            yield return new(
                "must be 1 unless microBatchSize or microBatchTokens is above 0: workers share the micro-batches of a step",
                [nameof(Workers)]);
    }
}
