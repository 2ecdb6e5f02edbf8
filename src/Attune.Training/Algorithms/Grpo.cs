using Attune.Reporting.Charts;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;
using Attune.Training.States;
using MathNet.Numerics.Statistics;

namespace Attune.Training.Algorithms;

/// <summary>
/// Group relative policy optimization. Shao et al. 2024, eq. 3, https://arxiv.org/abs/2402.03300: the advantage of a response is its score
/// relative to the other responses to the same prompt, so that no critic is needed. Departures: (1) by default the loss is the mean over
/// all response tokens, as in DAPO (Yu et al. 2025, eq. 12, https://arxiv.org/abs/2503.14476), where the paper takes the mean of each
/// response first (<see cref="GrpoLoss"/>); (2) the KL penalty is off by default, as in TRL; (3) the tokens of high entropy are those of
/// the policy that sampled, over the whole step.
/// </summary>
/// <param name="options">Loss, clipping and advantages.</param>
/// <param name="kl">The penalty on the KL from the reference; null for none.</param>
/// <param name="random">Draws the tokens that Clip-Cov leaves out; null without it.</param>
public sealed class Grpo(GrpoOptions options, KlPenalty? kl = null, RandomSource? random = null) : IOnPolicyAlgorithm
{
    readonly CovarianceLimits covariance = new(options.Covariance, random);
    readonly EntropyBonus bonus = new(options);
    double stepTokens;

    /// <summary>The maximum length of a response, which <see cref="GrpoLoss.DrGrpo"/> divides by.</summary>
    public int MaxLength { get; init; } = 1;

    /// <summary>Updates of a pass over the responses of a step, for losses that are means over the tokens of a step.</summary>
    public int MiniBatches { get; init; } = 1;

    public bool NeedsEntropy => bonus.IsUsed;

    public bool NeedsSampledEntropy => options.TopEntropyQuantile < 1;

    public IEnumerable<(string Name, IRunState State)> States => bonus.IsAdaptive ? [("entropy", bonus)] : [];

    public Experience Estimate(Rollouts rollouts, Scores scores, TrainingStep step)
    {
        var advantages = options.MultiObjectiveAggregation == RewardAggregation.NormalizeThenSum && scores.Terms.Count > 0
            ? Advantages.OfRewards(scores.Terms, rollouts.GroupSize)
            : Advantages.OfGroups(scores.Totals, rollouts.GroupSize, options.ScaleRewards);         // B
        var perToken = Advantages.PerToken(advantages, rollouts.Mask);                              // (B, T)
        var experience = new Experience(
            rollouts, kl is { IsInReward: true } ? perToken - rollouts.Kl! * kl.Coefficient : perToken)
        {
            Mask = options.MaskTruncated ? rollouts.EndedMask : rollouts.Mask,
        };
        stepTokens = experience.Size.Tokens;
        return covariance.Select(options.TopEntropyQuantile < 1
            ? experience with { PolicyMask = HighEntropy(rollouts.Entropy!, experience.Mask, options.TopEntropyQuantile) }
            : experience);
    }

    public Loss Compute(Experience experience, Analysis analysis, UpdateSize size)
    {
        var (rollouts, mask) = (experience.Rollouts, experience.Mask);
        var logRatio = (analysis.Logprobs - rollouts.Logprobs).MaskedFill(!mask, 0);                // (B, T): log π − log π_old
        var ratio = PolicyLosses.AtLevel(logRatio, mask, options.ImportanceSamplingLevel).Exp();    // (B, T) or (B, 1)
        var isFar = PolicyLosses.IsFar(
            analysis.Logprobs, rollouts.Logprobs, experience.Advantages, options.DivergenceType, options.ClipLow, options.ClipHigh);
        var terms = new LossTerms();
        terms.Add("loss/policy", Reduce(PolicyLoss(experience, analysis.Logprobs, logRatio, ratio, isFar), mask, size));
        if (kl is { IsInLoss: true })
        {
            var nats = kl.InLoss(rollouts, analysis);                                               // (B, T)
            terms.Add("loss/kl", Reduce(options.UseBiasCorrectionKl ? nats * ratio : nats, mask, size), kl.Coefficient);
        }
        if (analysis.Entropy is not null)
            terms.Add("policy/entropy", Entropy(experience.PolicyMask ?? mask), -bonus.Coefficient, logged: Entropy(mask));
        return terms.ToLoss(PolicyLosses.Shift(logRatio, mask, size.Tokens, options.ClipLow, options.ClipHigh, isFar));

        Tensor Entropy(Tensor tokens) => Masked.Reduce(analysis.Entropy!.MaskedFill(!tokens, 0), tokens, size.Tokens);
    }

    public void AfterUpdate(LossTotals totals) => bonus.Update(totals.Metrics.GetValueOrDefault("policy/entropy"));

    public string Summarize(IReadOnlyDictionary<string, double> metrics) =>
        $"score {NumberFormat.Fixed(metrics["objective/scores"], 2)}{(kl is null ? "" : ", " + KlPenalty.Summarize(metrics))}";

    /// <summary>(B, T): the loss of each token, 0 outside of PolicyMask; <see cref="Reduce"/> leaves out what is not in the mask.</summary>
    Tensor PolicyLoss(Experience experience, Tensor logprobs, Tensor logRatio, Tensor ratio, Tensor? isFar)
    {
        var (advantages, mask) = (experience.Advantages, experience.Mask);
        var loss = options.Loss switch
        {
            GrpoLoss.Cispo => PolicyLosses.ClippedWeight(ratio, logprobs, advantages, options.ClipHigh),
            GrpoLoss.Sapo => PolicyLosses.SoftGate(ratio, advantages, options.SapoTemperaturePos, options.SapoTemperatureNeg),
            GrpoLoss.Vespo => PolicyLosses.GammaWeighted(
                logRatio, logprobs, advantages, (options.VespoKPos, options.VespoLambdaPos), (options.VespoKNeg, options.VespoLambdaNeg)),
            GrpoLoss.Gmpo => PolicyLosses.GeometricMean(
                logRatio, advantages, mask, options.ClipLow, options.ClipHigh, experience.PolicyMask),
            _ when isFar is not null => PolicyLosses.Near(ratio, logprobs, advantages, isFar),
            _ => PolicyLosses.Clipped(ratio, advantages, options.ClipLow, options.ClipHigh, maxRatio: options.Delta),
        };
        if (options.OffPolicyMaskThreshold is { } threshold)
            loss *= PolicyLosses.KeepsOnPolicy(logRatio, advantages, mask, threshold);
        return covariance.Apply(experience.Rollouts.Weigh(loss), experience, logRatio, isMasked: options.Loss == GrpoLoss.Gmpo);
    }

    /// <summary>(B, T) → the mean that the loss is defined by.</summary>
    Tensor Reduce(Tensor x, Tensor mask, UpdateSize size) => options.Loss switch
    {
        GrpoLoss.Grpo or GrpoLoss.Sapo or GrpoLoss.Gmpo => Masked.ReduceRows(x, mask, size.Responses),
        GrpoLoss.Bnpo => Masked.Reduce(x, mask, size.Tokens),
        GrpoLoss.DrGrpo => Masked.Reduce(x, mask, (double)size.Responses * MaxLength),
        GrpoLoss.Luspo => Masked.Reduce(x, mask, size.Responses),
        _ => Masked.Reduce(x, mask, stepTokens > 0 ? stepTokens / MiniBatches : size.Tokens),
    };

    /// <summary>
    /// The tokens whose entropy is at least the (1 − share) quantile of all tokens. Wang et al. 2025, https://arxiv.org/abs/2506.01939
    /// </summary>
    public static Tensor HighEntropy(Tensor entropy, Tensor mask, double share)
    {
        var known = entropy.ToArray<float>().Zip(mask.ToArray<bool>()).Where(token => token.Second).Select(token => (double)token.First);
        var threshold = (float)known.QuantileCustom(1 - share, QuantileDefinition.R7);
        return entropy.GreaterOrEqual(threshold) & mask;
    }
}
