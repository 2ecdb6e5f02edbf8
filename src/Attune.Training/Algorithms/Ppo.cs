using Attune.Reporting.Charts;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Algorithms;

/// <summary>
/// Proximal policy optimization of a language model. Schulman et al. 2017, eq. 7, https://arxiv.org/abs/1707.06347, with the reward of
/// Ziegler et al. 2019, eq. 2, https://arxiv.org/abs/1909.08593: the score at the last token, minus β times the KL from the reference at
/// every token. Departures: (1) values are clipped as policies are (Huang et al. 2023, "The N Implementation Details of RLHF with
/// PPO", detail 3.2); (2) a response that was cut off at the maximum length counts as ended: no value follows its last token.
/// </summary>
/// <param name="options">Clipping, advantages, value loss.</param>
/// <param name="kl">The penalty on the KL from the reference.</param>
public sealed class Ppo(PpoOptions options, KlPenalty kl) : IOnPolicyAlgorithm
{
    const double Patience = 1.5;                                   // times TargetKl, as in TRL's classic PPO and Stable-Baselines3

    public bool NeedsEntropy => options.EntropyCoef != 0;

    public Experience Estimate(Rollouts rollouts, Scores scores, TrainingStep step)
    {
        var (mask, values) = (rollouts.Mask, rollouts.Values!);
        var rewards = scores.PerToken(rollouts);                                                    // (B, T)
        if (kl.IsInReward)
            rewards -= rollouts.Kl! * kl.Coefficient;
        if (options.WhitenRewards)
            rewards = Masked.Whiten(rewards, mask, keepMean: true).MaskedFill(!mask, 0);
        var (advantages, returns) = Gae.Estimate(rewards, values, options.Gamma, options.GaeLambda);
        step.Log("value/explained_variance", ExplainedVariance(returns, values, mask));
        if (options.WhitenAdvantages)
            advantages = Masked.Whiten(advantages, mask).MaskedFill(!mask, 0);
        return new(rollouts, advantages, returns);
    }

    public Loss Compute(Experience experience, Analysis analysis, double count)
    {
        var (rollouts, mask, clip) = (experience.Rollouts, experience.Rollouts.Mask, options.ClipRange);
        var logRatio = (analysis.Logprobs - rollouts.Logprobs).MaskedFill(!mask, 0);                // (B, T): log π − log π_old
        var policyLoss = Mean(PolicyLosses.Clipped(logRatio.Exp(), experience.Advantages, clip, clip, options.DualClip));
        var valueLoss = Mean(ValueLoss(analysis.Values!, rollouts.Values!, experience.Returns!, options.ValueClipRange));
        var loss = policyLoss + valueLoss * options.ValueCoef;
        var metrics = new Dictionary<string, Tensor>(StringComparer.Ordinal) { ["loss/policy"] = policyLoss, ["loss/value"] = valueLoss };
        if (kl.IsInLoss)
        {
            var klLoss = metrics["loss/kl"] = Mean(kl.InLoss(rollouts, analysis));
            loss += klLoss * kl.Coefficient;
        }
        if (analysis.Entropy is not null)
        {
            var entropy = metrics["policy/entropy"] = Mean(analysis.Entropy.MaskedFill(!mask, 0));
            loss -= entropy * options.EntropyCoef;
        }
        return new(loss, metrics) { Shift = PolicyLosses.Shift(logRatio, mask, count, clip, clip) };

        Tensor Mean(Tensor x) => Masked.Reduce(x, mask, count);
    }

    public UpdateAction CheckUpdate(LossTotals totals)
    {
        if (options.TargetKl > 0 && totals.Shift!.ApproxKl > Patience * options.TargetKl)
            return UpdateAction.Stop;
        return options.RatioThreshold > 0 && totals.Shift!.MeanRatio > options.RatioThreshold ? UpdateAction.Skip : UpdateAction.Apply;
    }

    public string Summarize(IReadOnlyDictionary<string, double> metrics) =>
        $"score {NumberFormat.Fixed(metrics["objective/scores"], 2)}, {KlPenalty.Summarize(metrics)}";

    /// <summary>½ max((V − R)², (clip(V, V_old ± ε) − R)²) of each token.</summary>
    public static Tensor ValueLoss(Tensor values, Tensor oldValues, Tensor returns, double clipRange)
    {
        var plain = (values - returns).Square();
        if (clipRange == 0)
            return plain * 0.5;
        var clipped = values.Clamp(oldValues - clipRange, oldValues + clipRange);
        return Tensor.Maximum(plain, (clipped - returns).Square()) * 0.5;
    }

    /// <summary>1 − Var(R − V) / Var(R)</summary>
    static double ExplainedVariance(Tensor returns, Tensor values, Tensor mask) =>
        1 - (Masked.Variance(returns - values, mask) / (Masked.Variance(returns, mask) + 1e-8)).Item();
}
