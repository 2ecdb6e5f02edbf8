using System.ComponentModel.DataAnnotations;

namespace Attune.Training.OnPolicy;

/// <summary>How many responses a step samples, and how many updates it makes on them.</summary>
public sealed record UpdateOptions : IValidatableObject
{
    /// <summary>Responses to each prompt of a step.</summary>
    [Range(1, int.MaxValue)]
    public int SamplesPerPrompt { get; init; } = 1;

    /// <summary>Passes over the responses of a step.</summary>
    [Range(1, int.MaxValue)]
    public int Epochs { get; init; } = 1;

    /// <summary>
    /// How often a step replaces prompts whose responses all have the same score by other prompts (dynamic sampling, DAPO); 0 for never.
    /// Those that are left after so many times stay in the step.
    /// </summary>
    [Range(0, 100)]
    public int MaxResamplings { get; init; }

    /// <summary>Optimizer updates of each pass; each takes a random share of the responses.</summary>
    [Range(1, int.MaxValue)]
    public int MiniBatches { get; init; } = 1;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (MaxResamplings > 0 && SamplesPerPrompt < 2)
            yield return new("must be 0 with updates.samplesPerPrompt 1: a group of one response has no signal", [nameof(MaxResamplings)]);
    }

    /// <summary>Updates of a step, if none is skipped.</summary>
    internal int Count => Epochs * MiniBatches;
}
