using Attune.Torch;
using Attune.Training.Batches;
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
/// <param name="random">Draws the tokens that Clip-Cov leaves out; null without it.</param>
public sealed class Ppo(PpoOptions options, KlPenalty kl, RandomSource? random = null) : IOnPolicyAlgorithm
{
    const double Patience = 1.5;                                   // times TargetKl, as in TRL's classic PPO and Stable-Baselines3

    readonly CovarianceLimits covariance = new(options.Covariance, random);

    public bool NeedsEntropy => options.EntropyCoef != 0;

    public Experience Estimate(Rollouts rollouts, Scores scores, TrainingStep step) =>
        covariance.Select(ActorCritic.Estimate(rollouts, scores, kl, options, step));

    public Loss Compute(Experience experience, Analysis analysis, UpdateSize size)
    {
        var (advantages, mask, clip) = (experience.Advantages, experience.Mask, options.ClipRange);
        var (logprobs, oldLogprobs) = (analysis.Logprobs, experience.Rollouts.Logprobs);
        var logRatio = (logprobs - oldLogprobs).MaskedFill(!mask, 0);                               // (B, T): log π − log π_old
        var ratio = logRatio.Exp();
        var isFar = PolicyLosses.IsFar(logprobs, oldLogprobs, advantages, options.DivergenceType, clip, clip);
        var loss = isFar is null
            ? PolicyLosses.Clipped(ratio, advantages, clip, clip, options.DualClip)
            : PolicyLosses.Near(ratio, logprobs, advantages, isFar);
        loss = covariance.Apply(experience.Rollouts.Weigh(loss), experience, logRatio);
        return ActorCritic.Terms(loss, experience, analysis, size, options, kl, options.ValueClipRange)
            .ToLoss(PolicyLosses.Shift(logRatio, mask, size.Tokens, clip, clip, isFar));
    }

    public UpdateAction CheckUpdate(LossTotals totals)
    {
        if (options.TargetKl > 0 && totals.Shift!.ApproxKl > Patience * options.TargetKl)
            return UpdateAction.Stop;
        return options.RatioThreshold > 0 && totals.Shift!.MeanRatio > options.RatioThreshold ? UpdateAction.Skip : UpdateAction.Apply;
    }

    public string Summarize(IReadOnlyDictionary<string, double> metrics) => ActorCritic.Summarize(metrics);
}
