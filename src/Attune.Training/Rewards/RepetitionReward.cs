using System.ComponentModel.DataAnnotations;
using Attune.Reporting.TextMetrics;

namespace Attune.Training.Rewards;

/// <summary>
/// Minus the share of repeated n-grams: −(1 − distinct / all). Yeo et al. 2025, appendix C.2, https://arxiv.org/abs/2502.03373.
/// </summary>
public sealed record RepetitionReward : RuleReward
{
    public override string Kind => "repetition";

    /// <summary>n, the units of an n-gram.</summary>
    [Range(1, double.PositiveInfinity)]
    public int Ngram { get; init; } = 3;

    /// <summary>The unit: tokens (as TRL), words or characters; the case of letters is ignored.</summary>
    public LengthUnit Unit { get; init; } = LengthUnit.Words;

    public override double Score(TextResponse answer) =>
        NGrams.DistinctShare(Array.ConvertAll(answer.Units(Unit), unit => unit.ToLowerInvariant()), Ngram) - 1;
}
