using System.ComponentModel.DataAnnotations;

namespace Attune.Generation;

/// <summary>Makes the end of an answer likelier as it grows.</summary>
public sealed record LengthDecay
{
    /// <summary>The tokens of an answer before its end becomes likelier.</summary>
    [Range(0, int.MaxValue)]
    public int Start { get; init; }

    /// <summary>The logit z of an end-of-text token becomes z + |z| (factor^(t − start) − 1) after t tokens; 1 is off.</summary>
    [Range(0.1, 10)]
    public double Factor { get; init; } = 1;
}
