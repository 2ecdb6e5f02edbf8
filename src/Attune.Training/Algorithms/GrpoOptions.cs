using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Algorithms;

/// <summary>Options of GRPO.</summary>
public sealed record GrpoOptions
{
    /// <summary>ε_low: how far the probability ratio of a token may fall below 1 before its gradient is cut off.</summary>
    [Range(0d, 1d)]
    public double ClipLow { get; init; } = 0.2;

    /// <summary>ε_high: how far it may rise above 1. Values above clipLow keep rare tokens alive (DAPO: 0.28).</summary>
    [Range(0, double.PositiveInfinity)]
    public double ClipHigh { get; init; } = 0.2;

    /// <summary>Whether advantages are divided by the standard deviation of their group; false as in Dr. GRPO.</summary>
    public bool ScaleByStd { get; init; } = true;
}
