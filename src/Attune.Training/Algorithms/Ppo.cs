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

    public Experience Estimate(Rollouts rollouts, Scores scores, TrainingStep step) =>
        ActorCritic.Estimate(rollouts, scores, kl, options, step);

    public Loss Compute(Experience experience, Analysis analysis, UpdateSize size)
    {
        var (rollouts, mask, clip) = (experience.Rollouts, experience.Mask, options.ClipRange);
        var logRatio = (analysis.Logprobs - rollouts.Logprobs).MaskedFill(!mask, 0);                // (B, T): log π − log π_old
        var terms = new LossTerms();
        terms.Add("loss/policy", Mean(PolicyLosses.Clipped(logRatio.Exp(), experience.Advantages, clip, clip, options.DualClip)));
        terms.Add(
            "loss/value", Mean(ActorCritic.ValueLoss(analysis.Values!, rollouts.Values!, experience.Returns!, options.ValueClipRange)),
            options.ValueCoef);
        if (kl.IsInLoss)
            terms.Add("loss/kl", Mean(kl.InLoss(rollouts, analysis)), kl.Coefficient);
        if (analysis.Entropy is not null)
            terms.Add("policy/entropy", Mean(analysis.Entropy.MaskedFill(!mask, 0)), -options.EntropyCoef);
        return terms.ToLoss(PolicyLosses.Shift(logRatio, mask, size.Tokens, clip, clip));

        Tensor Mean(Tensor x) => Masked.Reduce(x, mask, size.Tokens);
    }

    public UpdateAction CheckUpdate(LossTotals totals)
    {
        if (options.TargetKl > 0 && totals.Shift!.ApproxKl > Patience * options.TargetKl)
            return UpdateAction.Stop;
        return options.RatioThreshold > 0 && totals.Shift!.MeanRatio > options.RatioThreshold ? UpdateAction.Skip : UpdateAction.Apply;
    }

    public string Summarize(IReadOnlyDictionary<string, double> metrics) => ActorCritic.Summarize(metrics);
}
