using Attune.Training.States;

namespace Attune.Training.Estimation;

/// <summary>How the coefficient of the KL penalty changes during a run.</summary>
public enum KlControl
{
    /// <summary>It does not change.</summary>
    Fixed,

    /// <summary>
    /// β ← β (1 + clip(KL/target − 1, ±0.2) · n/horizon), KL a response. Ziegler et al. 2019, section 2.2, https://arxiv.org/abs/1909.08593
    /// </summary>
    Adaptive,

    /// <summary>
    /// β ← β (1 + 0.1 · clip(KL/target − 1, ±0.2)) a step, KL a token. Ramamurthy et al. 2023, https://arxiv.org/abs/2210.01241, as RL4LMs
    /// implements it.
    /// </summary>
    Rl4Lms,
}

/// <summary>The coefficient of the KL penalty, constant or adapted to a target KL.</summary>
/// <param name="initial">β at the start.</param>
/// <param name="control">How it changes.</param>
/// <param name="target">The KL that it is adapted to, in nats: of a response for adaptive, of a token for rl4lms.</param>
/// <param name="horizon">In this many responses an adaptive β changes by at most a fifth, which it does when KL is off its target by a
/// fifth or more.</param>
public sealed class KlController(double initial, KlControl control = KlControl.Fixed, double target = 6, double horizon = 10_000)
    : IRunState
{
    const double MaxError = 0.2;
    const double Rl4LmsGain = 0.1;

    public double Coefficient { get; private set; } = initial;

    /// <summary>Adapts the coefficient after a step.</summary>
    /// <param name="perResponse">Mean KL of a response, in nats.</param>
    /// <param name="perToken">Mean KL of a token, in nats.</param>
    /// <param name="responses">Responses of the step.</param>
    public void Update(double perResponse, double perToken, int responses) => Coefficient *= control switch
    {
        KlControl.Adaptive => 1 + Error(perResponse) * responses / horizon,
        KlControl.Rl4Lms => 1 + Error(perToken) * Rl4LmsGain,
        _ => 1,
    };

    /// <summary>Multiplies the coefficient by a factor, and returns the new one.</summary>
    public double Raise(double factor) => Coefficient *= factor;

    public void Save(StateWriter writer) => writer.Write("coefficient", Coefficient);

    public void Load(StateReader reader) => Coefficient = reader.ReadNumber("coefficient");

    double Error(double kl) => Math.Clamp(kl / target - 1, -MaxError, MaxError);
}
