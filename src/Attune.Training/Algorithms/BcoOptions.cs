using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Algorithms;

/// <summary>Options of BCO.</summary>
public sealed record BcoOptions : IValidatableObject
{
    /// <summary>β: how strongly the policy is held to the reference; the implicit reward is β times the log-ratio.</summary>
    [Range(0, double.PositiveInfinity, MinimumIsExclusive = true)]
    public double Beta { get; init; } = 0.1;

    /// <summary>
    /// Whether undesirable responses are weighted by how much likelier their prompts are among the desirable examples than among the
    /// undesirable ones (underlying distribution matching), for labels that were collected on different prompts.
    /// </summary>
    public bool MatchPrompts { get; init; }

    /// <summary>With matchPrompts: how many desirable, and how many undesirable, examples the classifier of prompts is fitted to.</summary>
    [Range(1, double.PositiveInfinity)]
    public int PromptSampleSize { get; init; } = 1024;

    /// <summary>With matchPrompts: the smallest weight.</summary>
    [Range(0, double.PositiveInfinity)]
    public double MinDensityRatio { get; init; } = 0.5;

    /// <summary>With matchPrompts: the largest weight.</summary>
    [Range(0, double.PositiveInfinity, MinimumIsExclusive = true)]
    public double MaxDensityRatio { get; init; } = 10;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (MinDensityRatio > MaxDensityRatio)
            yield return new("must be at most maxDensityRatio", [nameof(MinDensityRatio)]);
    }
}
