using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Batches;

/// <summary>How much a run sees, and how much of it at once.</summary>
public sealed record BatchOptions : IValidatableObject
{
    /// <summary>Times that every example is seen; counts when steps is 0.</summary>
    public double Epochs { get; init; } = 1;

    /// <summary>Optimizer steps; 0 for as many as the epochs take.</summary>
    [Range(0, double.PositiveInfinity)]
    public int Steps { get; init; }

    /// <summary>Examples of one optimizer step.</summary>
    [Range(1, double.PositiveInfinity)]
    public int BatchSize { get; init; } = 16;

    /// <summary>Examples in memory at once; a step adds up their gradients, with the same result. 0 for the whole batch.</summary>
    [Range(0, double.PositiveInfinity)]
    public int MicroBatchSize { get; init; }

    /// <summary>The same in tokens, padding included: as many examples of like length as fit, instead of microBatchSize; 0 for no such limit.</summary>
    [Range(0, double.PositiveInfinity)]
    public int MicroBatchTokens { get; init; }

    /// <summary>
    /// Micro-batches that are worked on at once on a CPU, a thread for each, with the bits of run.threads 1. For models so small that one
    /// operator cannot make use of several threads.
    /// </summary>
    [Range(1, double.PositiveInfinity)]
    public int Workers { get; init; } = 1;

    /// <summary>Steps of the whole run over this many examples.</summary>
    public int TotalSteps(int examples) => Steps > 0 ? Steps : Math.Max(1, (int)Math.Ceiling(Epochs * examples / BatchSize));

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Steps == 0 && Epochs <= 0)
            yield return new("must be above 0 where steps is 0", [nameof(Epochs)]);
        if (MicroBatchSize > 0 && MicroBatchTokens > 0)
            yield return new("must be 0 where microBatchSize is above 0: one of the two decides", [nameof(MicroBatchTokens)]);
        if (Workers > 1 && MicroBatchSize == 0 && MicroBatchTokens == 0)
            yield return new(
                "must be 1 unless microBatchSize or microBatchTokens is above 0: workers share the micro-batches of a step",
                [nameof(Workers)]);
    }
}
