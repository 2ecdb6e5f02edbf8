using System.ComponentModel.DataAnnotations;
using Attune.Training.States;

namespace Attune.Training.Estimation;

/// <summary>
/// The coefficient of an entropy bonus, constant or adapted to a target. He et al. 2025, section 4.2.3, https://arxiv.org/abs/2505.22312,
/// as TRL implements it: after each update it rises while the entropy is at most the target and falls otherwise, and it counts only while
/// the entropy of the last update was at most the target.
/// </summary>
public sealed class EntropyBonus(EntropyOptions options) : IRunState
{
    double coefficient = options.EntropyCoef;
    double last = options.EntropyTarget;

    /// <summary>Whether the loss has a bonus, now or later.</summary>
    public bool IsUsed => options.EntropyCoef != 0 || options.UseAdaptiveEntropy;

    /// <summary>Whether it changes.</summary>
    public bool IsAdaptive => options.UseAdaptiveEntropy;

    /// <summary>What a nat of the mean entropy of a token is worth in the next update.</summary>
    public double Coefficient => IsAdaptive && last > options.EntropyTarget ? 0 : coefficient;

    /// <summary>Adapts the coefficient after an update whose tokens had this mean entropy.</summary>
    public void Update(double entropy)
    {
        if (!IsAdaptive || !double.IsFinite(entropy))
            return;
        var change = entropy <= options.EntropyTarget ? options.EntropyCoefDelta : -options.EntropyCoefDelta;
        coefficient = Math.Clamp(coefficient + change, options.EntropyCoefMin, options.EntropyCoefMax);
        last = entropy;
    }

    public void Save(StateWriter writer)
    {
        writer.Write("coefficient", coefficient);
        writer.Write("last", last);
    }

    public void Load(StateReader reader) => (coefficient, last) = (reader.ReadNumber("coefficient"), reader.ReadNumber("last"));
}

/// <summary>Options of an entropy bonus, which keeps responses varied.</summary>
public record EntropyOptions
{
    /// <summary>The coefficient of an entropy bonus, which keeps responses varied; 0 for none.</summary>
    [Range(0, double.PositiveInfinity)]
    public double EntropyCoef { get; init; }

    /// <summary>Whether the coefficient is adapted to entropyTarget, starting from entropyCoef.</summary>
    public bool UseAdaptiveEntropy { get; init; }

    /// <summary>The entropy in nats a token below which an adaptive bonus counts and rises.</summary>
    [Range(0, double.PositiveInfinity)]
    public double EntropyTarget { get; init; } = 0.2;

    /// <summary>How much an adaptive coefficient changes after an update.</summary>
    [Range(0, double.PositiveInfinity)]
    public double EntropyCoefDelta { get; init; } = 0.005;

    /// <summary>The smallest adaptive coefficient.</summary>
    [Range(0, double.PositiveInfinity)]
    public double EntropyCoefMin { get; init; }

    /// <summary>The largest adaptive coefficient.</summary>
    [Range(0, double.PositiveInfinity)]
    public double EntropyCoefMax { get; init; } = 1;
}
