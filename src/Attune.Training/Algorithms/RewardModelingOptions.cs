using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Algorithms;

/// <summary>What counts alike in the loss of a reward model.</summary>
public enum PairWeighting
{
    /// <summary>Every prompt, however many pairs it has.</summary>
    Prompt,

    /// <summary>Every pair, so that a prompt with more answers counts more.</summary>
    Pair,
}

/// <summary>Options of reward modelling.</summary>
public sealed record RewardModelingOptions : IValidatableObject
{
    /// <summary>Pulls the scores of a pair towards a sum of 0; 0.01 is usual, 0 for none.</summary>
    [Range(0, double.PositiveInfinity)]
    public double CenterCoef { get; init; }

    /// <summary>The share of preferences that are taken for mistakes, from 0 to below 0.5: scores are no longer pushed apart without end.</summary>
    [Range(0, 0.5, MaximumIsExclusive = true)]
    public double LabelSmoothing { get; init; }

    /// <summary>
    /// By how many points scores should differ for each level of a pair's strength (or margin) in the data; 0 to pass the strength over.
    /// Llama 2's margins are 1 (large) or 0.3333 (small) a level.
    /// </summary>
    [Range(0, double.PositiveInfinity)]
    public double MarginScale { get; init; } = 1;

    /// <summary>prompt: every prompt counts alike, however many pairs it has (InstructGPT); pair: every pair does (TRL).</summary>
    public PairWeighting Weighting { get; init; }

    /// <summary>Heads over the one backbone, each with a start of its own: where they disagree, the score is a guess.</summary>
    [Range(1, double.PositiveInfinity)]
    public int Heads { get; init; } = 1;

    /// <summary>Whether each head learns from a draw of the rankings with replacement (weights by Poisson's law), so that heads differ more.</summary>
    public bool Bootstrap { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Bootstrap && Heads == 1)
            yield return new("must be false unless heads is at least 2: it makes the heads of an ensemble differ", [nameof(Bootstrap)]);
    }
}
