using System.ComponentModel.DataAnnotations;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Algorithms;

/// <summary>Options of RLOO.</summary>
public sealed record RlooOptions
{
    /// <summary>ε_low: how far the probability ratio of a response may fall below 1 before its gradient is cut off.</summary>
    [Range(0d, 1d)]
    public double ClipLow { get; init; } = 0.2;

    /// <summary>ε_high: how far it may rise above 1.</summary>
    [Range(0, double.PositiveInfinity)]
    public double ClipHigh { get; init; } = 0.2;

    /// <summary>Whether advantages are normalised to mean 0 and standard deviation 1 over the responses of a step.</summary>
    public bool NormalizeAdvantages { get; init; }

    /// <summary>Whether responses that were cut off at sampling.maxNewTokens are left out of the loss.</summary>
    public bool MaskTruncated { get; init; }
}

/// <summary>
/// REINFORCE leave-one-out. Ahmadian et al. 2024, eq. 8, https://arxiv.org/abs/2402.14740: a response is one action; its advantage is its
/// score minus the mean score of the other responses to the prompt. The KL of the whole response is subtracted from the score first.
/// Departure: as in TRL, the ratio of a response is clipped, which matters from the second update of a step on.
/// </summary>
/// <param name="options">Clipping and advantages.</param>
/// <param name="kl">The penalty on the KL from the reference; null for none.</param>
public sealed class Rloo(RlooOptions options, KlPenalty? kl = null) : IOnPolicyAlgorithm
{
    /// <summary>GRPO's loss with the ratio of a whole response: −min(r A, clip(r) A), the mean over responses.</summary>
    readonly Grpo loss = new(new()
    {
        Loss = GrpoLoss.Grpo,
        ImportanceSamplingLevel = RatioLevel.Product,
        ClipLow = options.ClipLow,
        ClipHigh = options.ClipHigh,
    }, kl);

    public Experience Estimate(Rollouts rollouts, Scores scores, TrainingStep step)
    {
        var mask = options.MaskTruncated ? rollouts.EndedMask : rollouts.Mask;
        var rewards = kl is { IsInReward: true } ? Subtract(scores.Totals, rollouts.Kl!, mask, kl.Coefficient) : scores.Totals;
        var advantages = Advantages.LeaveOneOut(rewards, rollouts.GroupSize);
        if (options.NormalizeAdvantages)
            advantages = Advantages.Normalize(advantages);
        return new(rollouts, Advantages.PerToken(advantages, rollouts.Mask)) { Mask = mask };
    }

    public Loss Compute(Experience experience, Analysis analysis, UpdateSize size) => loss.Compute(experience, analysis, size);

    public string Summarize(IReadOnlyDictionary<string, double> metrics) => loss.Summarize(metrics);

    /// <summary>score − β KL of each response.</summary>
    static double[] Subtract(double[] scores, Tensor kl, Tensor mask, double beta) =>
        [.. scores.Zip(kl.MaskedFill(!mask, 0).Sum(1).ToArray<float>(), (score, nats) => score - beta * nats)];
}
