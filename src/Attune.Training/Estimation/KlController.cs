using Attune.Training.Runs;

namespace Attune.Training.Estimation;

/// <summary>
/// The coefficient of the KL penalty: fixed, or moved towards a target as Ziegler et al. 2019, section 2.2, does:
/// β ← β (1 + clip(KL/target − 1, ±0.2) · n/horizon). https://arxiv.org/abs/1909.08593
/// </summary>
/// <param name="initial">β at the start.</param>
/// <param name="target">Nats a response; null keeps β fixed.</param>
/// <param name="horizon">Responses in which β grows or shrinks by a fifth at most, when KL is a fifth or more off its target.</param>
public sealed class KlController(double initial, double? target = null, double horizon = 10_000) : IRunState
{
    public double Coefficient { get; private set; } = initial;

    /// <summary>Moves the coefficient after <paramref name="responses"/> responses of this mean KL.</summary>
    public void Update(double kl, int responses)
    {
        if (target is { } wanted)
            Coefficient *= 1 + Math.Clamp(kl / wanted - 1, -0.2, 0.2) * responses / horizon;
    }

    /// <summary>Multiplies the coefficient by a factor, and gives what it is then.</summary>
    public double Raise(double factor) => Coefficient *= factor;

    public void Save(StateWriter writer) => writer.Write("coefficient", Coefficient);

    public void Load(StateReader reader) => Coefficient = reader.ReadNumber("coefficient");
}
