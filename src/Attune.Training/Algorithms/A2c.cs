using Attune.Training.Batches;
using Attune.Training.OnPolicy;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Algorithms;

/// <summary>Options of A2C.</summary>
public sealed record A2cOptions : ActorCriticOptions
{
    public A2cOptions() => (GaeLambda, WhitenAdvantages, ValueCoef) = (1, false, 1);
}

/// <summary>
/// Advantage actor-critic, the synchronous form of A3C. Mnih et al. 2016, section 4, https://arxiv.org/abs/1602.01783, on tokens as in
/// RL4LMs (Ramamurthy et al. 2023, https://arxiv.org/abs/2210.01241): one update a step, by the policy gradient without a ratio. Departure:
/// the value loss has a factor of ½, so that the default of its coefficient is 1 where that of RL4LMs is 0.5.
/// </summary>
/// <param name="options">Advantages and coefficients.</param>
/// <param name="kl">The penalty on the KL from the reference.</param>
public sealed class A2c(A2cOptions options, KlPenalty kl) : IOnPolicyAlgorithm
{
    public bool NeedsEntropy => options.EntropyCoef != 0;

    public Experience Estimate(Rollouts rollouts, Scores scores, TrainingStep step) =>
        ActorCritic.Estimate(rollouts, scores, kl, options, step);

    public Loss Compute(Experience experience, Analysis analysis, UpdateSize size)
    {
        var mask = experience.Mask;
        var logRatio = (analysis.Logprobs - experience.Rollouts.Logprobs).MaskedFill(!mask, 0);     // (B, T): 0 in the only update
        var loss = experience.Rollouts.Weigh(PolicyLosses.Plain(analysis.Logprobs, experience.Advantages));
        return ActorCritic.Terms(loss, experience, analysis, size, options, kl)
            .ToLoss(PolicyLosses.Shift(logRatio, mask, size.Tokens, clipLow: 1, double.PositiveInfinity));
    }

    public string Summarize(IReadOnlyDictionary<string, double> metrics) => ActorCritic.Summarize(metrics);
}
