using System.ComponentModel.DataAnnotations;
using MathNet.Numerics.Statistics;

namespace Attune.Training.Rewards;

/// <summary>How the scores of several reward models or heads become one.</summary>
public enum EnsembleCombination
{
    /// <summary>Their mean.</summary>
    Mean,

    /// <summary>Their minimum: worst-case optimisation.</summary>
    Minimum,

    /// <summary>The mean minus some standard deviations between them: where they disagree, the score is lower.</summary>
    Deviations,
}

/// <summary>
/// An ensemble as one reward. A policy exploits the errors of a single model; members that were trained separately have different
/// errors. Coste et al. 2023, https://arxiv.org/abs/2310.02743
/// </summary>
public sealed record EnsembleOptions
{
    /// <summary>mean, minimum, or deviations: the mean minus some standard deviations between members.</summary>
    public EnsembleCombination Combine { get; init; }

    /// <summary>For combine: deviations, how many standard deviations are subtracted from the mean.</summary>
    [Range(0, double.PositiveInfinity)]
    public double Deviations { get; init; } = 1;

    /// <summary>The score of the ensemble from those of its members.</summary>
    public double Aggregate(IReadOnlyCollection<double> members) => Combine switch
    {
        EnsembleCombination.Mean => members.Average(),
        EnsembleCombination.Minimum => members.Min(),
        _ => members.Average() - Deviations * members.PopulationStandardDeviation(),
    };
}
