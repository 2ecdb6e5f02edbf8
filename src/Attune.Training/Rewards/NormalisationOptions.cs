using System.ComponentModel.DataAnnotations;
using Attune.Generation;

namespace Attune.Training.Rewards;

/// <summary>What gives the scores of a reward model their level and unit.</summary>
public enum NormalisedBy
{
    /// <summary>Answers of the policy: mean 0 and deviation 1.</summary>
    Policy,

    /// <summary>Answers of the training data: mean 0 and deviation 1.</summary>
    Answers,

    /// <summary>Demonstrations: mean 0; the unit stays.</summary>
    Demonstrations,

    /// <summary>Nothing: scores are logits.</summary>
    None,
}

/// <summary>How scores are normalised after training; shift and scale are saved with the model.</summary>
public sealed record NormalisationOptions : IValidatableObject
{
    /// <summary>
    /// policy: mean 0 and deviation 1 on answers that the policy writes to prompts of the data; answers: the same on answers of the data;
    /// demonstrations: those of a file score 0 on average; none. Where nothing can write answers, policy means answers.
    /// </summary>
    public NormalisedBy By { get; init; }

    /// <summary>How many answers are measured; demonstrations all are.</summary>
    [Range(2, double.PositiveInfinity)]
    public int Samples { get; init; } = 256;

    /// <summary>A folder with the policy that writes; empty for the model that training starts from.</summary>
    public string Policy { get; init; } = "";

    /// <summary>How it writes.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Prompts with completions, for by: demonstrations.</summary>
    public string Demonstrations { get; init; } = "";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (By == NormalisedBy.Demonstrations && Demonstrations.Length == 0)
            yield return new("must name a file where by is demonstrations", [nameof(Demonstrations)]);
        if (By != NormalisedBy.Demonstrations && Demonstrations.Length > 0)
            yield return new("must be empty unless by is demonstrations", [nameof(Demonstrations)]);
        if (By != NormalisedBy.Policy && Policy.Length > 0)
            yield return new("must be empty unless by is policy", [nameof(Policy)]);
    }
}
