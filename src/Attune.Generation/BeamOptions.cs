using System.ComponentModel.DataAnnotations;

namespace Attune.Generation;

/// <summary>When a beam search of a prompt stops.</summary>
public enum EarlyStopping
{
    /// <summary>When the best beam, at its present length, scores below the worst response (<c>false</c> in transformers).</summary>
    False,

    /// <summary>As soon as there are as many responses as beams (<c>true</c> in transformers).</summary>
    True,

    /// <summary>When no beam can score above the worst response, at the maximum length either.</summary>
    Never,
}

/// <summary>Settings of beam search.</summary>
public sealed record BeamOptions : IValidatableObject
{
    /// <summary>Number of beams: partial responses that are kept at each token.</summary>
    [Range(1, double.PositiveInfinity)]
    public int Beams { get; init; } = 4;

    /// <summary>Responses for each prompt, the best first; at most the number of beams.</summary>
    [Range(1, double.PositiveInfinity)]
    public int Answers { get; init; } = 1;

    /// <summary>
    /// A score is a log-probability divided by the length to this power: above 0 favours long responses, below 0 short ones.
    /// </summary>
    [Range(-100d, 100d)]
    public double LengthPenalty { get; init; } = 1;

    /// <summary>When the search stops before the maximum length.</summary>
    public EarlyStopping EarlyStopping { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Answers > Math.Max(1, Beams))
            yield return new($"must be at most the number of beams ({Beams})", [nameof(Answers)]);
    }
}
