using System.ComponentModel.DataAnnotations;
using Attune.Generation;
using Attune.Training.Options;

namespace Attune.Training.Rewards;

/// <summary>What the shift and the scale of a reward model's scores are measured on.</summary>
public enum NormalisedBy
{
    /// <summary>Responses of the policy: mean 0 and standard deviation 1.</summary>
    Policy,

    /// <summary>Responses of the training data: mean 0 and standard deviation 1.</summary>
    Answers,

    /// <summary>Demonstrations: mean 0, without scaling.</summary>
    Demonstrations,

    /// <summary>Nothing: scores are the logits.</summary>
    None,
}

/// <summary>How a reward model's scores are normalised after training; shift and scale are saved with the model.</summary>
public sealed record NormalisationOptions : IValidatableObject
{
    /// <summary>
    /// policy: mean 0 and standard deviation 1 on responses that the policy samples to prompts of the data; answers: the same on responses
    /// of the data; demonstrations: mean 0 on the responses of a file; none. Where the model cannot generate text, policy means answers.
    /// </summary>
    public NormalisedBy By { get; init; }

    /// <summary>How many responses are measured; of demonstrations all are.</summary>
    [Range(2, double.PositiveInfinity)]
    public int Samples { get; init; } = 256;

    /// <summary>A folder with the policy to sample from; empty for the model that training starts from.</summary>
    [ExistingPath(IsModel = true)]
    public string Policy { get; init; } = "";

    /// <summary>How the policy's responses are sampled.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>A file of prompts with completions, for by: demonstrations.</summary>
    [ExistingPath]
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
