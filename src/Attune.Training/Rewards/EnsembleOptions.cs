using System.ComponentModel.DataAnnotations;
using MathNet.Numerics.Statistics;

namespace Attune.Training.Rewards;

/// <summary>How the numbers of several reward models or heads become one.</summary>
public enum EnsembleCombination
{
    /// <summary>Their mean.</summary>
    Mean,

    /// <summary>The least of them: what one of them finds bad is bad.</summary>
    Minimum,

    /// <summary>The mean less some deviations: what they disagree about is worth less.</summary>
    Deviations,
}

/// <summary>
/// An ensemble as one reward. Policies exploit what a single model is wrong about; members that were trained apart are wrong about
/// different answers. Coste et al. 2023, https://arxiv.org/abs/2310.02743
/// </summary>
public sealed record EnsembleOptions
{
    /// <summary>mean, minimum, or deviations: the mean less some deviations between members.</summary>
    public EnsembleCombination Combine { get; init; }

    /// <summary>k of the mean less k deviations.</summary>
    [Range(0, double.PositiveInfinity)]
    public double Deviations { get; init; } = 1;

    /// <summary>One number of those of the members.</summary>
    public double Aggregate(IReadOnlyCollection<double> members) => Combine switch
    {
        EnsembleCombination.Mean => members.Average(),
        EnsembleCombination.Minimum => members.Min(),
        _ => members.Average() - Deviations * members.PopulationStandardDeviation(),
    };
}
