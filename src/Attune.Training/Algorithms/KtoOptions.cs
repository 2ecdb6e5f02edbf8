using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Algorithms;

/// <summary>The losses of KTO.</summary>
public enum KtoLoss
{
    /// <summary>KTO: rewards are compared with the KL of the policy from the reference.</summary>
    Kto,

    /// <summary>
    /// APO-zero for labelled responses: rewards are compared with 0. D'Oosterlinck et al. 2024, https://arxiv.org/abs/2408.06266
    /// </summary>
    ApoZeroUnpaired,
}

/// <summary>Options of KTO.</summary>
public sealed record KtoOptions
{
    /// <summary>kto, or apoZeroUnpaired, which has no KL baseline.</summary>
    public KtoLoss Loss { get; init; }

    /// <summary>β: how strongly the policy is held to the reference; the implicit reward is β times the log-ratio.</summary>
    [Range(0, double.PositiveInfinity, MinimumIsExclusive = true)]
    public double Beta { get; init; } = 0.1;

    /// <summary>The weight of desirable responses in the loss.</summary>
    [Range(0, double.PositiveInfinity)]
    public double DesirableWeight { get; init; } = 1;

    /// <summary>The weight of undesirable responses in the loss.</summary>
    [Range(0, double.PositiveInfinity)]
    public double UndesirableWeight { get; init; } = 1;
}
