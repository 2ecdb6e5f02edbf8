using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Algorithms;

/// <summary>What has equal weight in the loss of a reward model.</summary>
public enum PairWeighting
{
    /// <summary>Every prompt, however many pairs it has.</summary>
    Prompt,

    /// <summary>Every pair, so that a prompt with more responses counts more.</summary>
    Pair,
}

/// <summary>Options of reward modelling.</summary>
public sealed record RewardModelingOptions : IValidatableObject
{
    /// <summary>Pulls the scores of a pair towards a sum of 0; 0.01 is usual, 0 for none.</summary>
    [Range(0, double.PositiveInfinity)]
    public double CenterCoef { get; init; }

    /// <summary>
    /// Label smoothing: the share of comparisons that are taken for wrong, from 0 to below 0.5. It bounds the difference of scores.
    /// </summary>
    [Range(0, 0.5, MaximumIsExclusive = true)]
    public double LabelSmoothing { get; init; }

    /// <summary>
    /// By how much scores should differ for each level of a comparison's strength (or margin) in the data; 0 to ignore the strength.
    /// Llama 2's margins are 1 (large) or 0.3333 (small) a level.
    /// </summary>
    [Range(0, double.PositiveInfinity)]
    public double MarginScale { get; init; } = 1;

    /// <summary>
    /// prompt: all prompts have the same weight, however many pairs they have (InstructGPT); pair: all pairs have the same weight (TRL).
    /// </summary>
    public PairWeighting Weighting { get; init; }

    /// <summary>Heads on the one backbone, each with its own initial weights; where their scores differ, the score is uncertain.</summary>
    [Range(1, double.PositiveInfinity)]
    public int Heads { get; init; } = 1;

    /// <summary>Whether each head is trained on a bootstrap sample of the examples (Poisson weights), so that heads differ more.</summary>
    public bool Bootstrap { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Bootstrap && Heads == 1)
            yield return new("must be false where heads is 1: it makes the heads of an ensemble differ", [nameof(Bootstrap)]);
    }
}
