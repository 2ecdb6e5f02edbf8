using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Algorithms;

/// <summary>Options of DPO.</summary>
public sealed record DpoOptions
{
    /// <summary>β: how strongly the policy is held to the reference; the implicit reward is β times the log-ratio.</summary>
    [Range(0, double.PositiveInfinity, MinimumIsExclusive = true)]
    public double Beta { get; init; } = 0.1;

    /// <summary>ε: the share of comparisons that are taken for wrong (cDPO), from 0 to below 0.5.</summary>
    [Range(0d, 0.5, MaximumIsExclusive = true)]
    public double LabelSmoothing { get; init; }
}
