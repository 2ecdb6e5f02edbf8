using System.ComponentModel.DataAnnotations;

namespace Attune.Generation;

/// <summary>When a beam search stops looking for better answers to a prompt.</summary>
public enum EarlyStopping
{
    /// <summary>When the best beam, at its length of now, scores below the worst answer (<c>false</c> in transformers).</summary>
    False,

    /// <summary>As soon as there are as many answers as beams (<c>true</c> in transformers).</summary>
    True,

    /// <summary>When no beam can come to score above the worst answer, at the greatest length either.</summary>
    Never,
}

/// <summary>How answers are searched for.</summary>
public sealed record BeamOptions : IValidatableObject
{
    /// <summary>Beginnings of answers that are kept at each token.</summary>
    [Range(1, double.PositiveInfinity)]
    public int Beams { get; init; } = 4;

    /// <summary>Answers to each prompt, the best first; at most as many as beams.</summary>
    [Range(1, double.PositiveInfinity)]
    public int Answers { get; init; } = 1;

    /// <summary>A score is a log-probability divided by the length to this power: above 0 favours long answers, below 0 short.</summary>
    [Range(-100d, 100d)]
    public double LengthPenalty { get; init; } = 1;

    /// <summary>When the search stops before the greatest length.</summary>
    public EarlyStopping EarlyStopping { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Answers > Math.Max(1, Beams))
            yield return new($"must be at most the number of beams, {Beams}", [nameof(Answers)]);
    }
}
