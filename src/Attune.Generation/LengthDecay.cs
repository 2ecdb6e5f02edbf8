using System.ComponentModel.DataAnnotations;

namespace Attune.Generation;

/// <summary>Makes the end of a response more likely as it grows.</summary>
public sealed record LengthDecay
{
    /// <summary>The length of a response up to which its end does not become more likely.</summary>
    [Range(0, int.MaxValue)]
    public int Start { get; init; }

    /// <summary>The logit z of an end-of-sequence token becomes z + |z| (factor^(t − start) − 1) after t tokens; 1 for off.</summary>
    [Range(0.1, 10)]
    public double Factor { get; init; } = 1;
}
