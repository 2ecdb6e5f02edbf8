using Attune.Reporting.Charts;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;
using MathNet.Numerics.Statistics;

namespace Attune.Training.Algorithms;

/// <summary>
/// Group relative policy optimization. Shao et al. 2024, eq. 3, https://arxiv.org/abs/2402.03300: the advantage of a response is its score
/// relative to the other responses to the same prompt, so that no critic is needed. Departures: (1) the loss is the mean over all response
/// tokens of an update, as in DAPO (Yu et al. 2025, eq. 12, https://arxiv.org/abs/2503.14476), where the paper takes the mean of each
/// response first; (2) the KL penalty is off by default, as in TRL.
/// </summary>
/// <param name="options">Clipping and advantages.</param>
/// <param name="kl">The penalty on the KL from the reference; null for none.</param>
public sealed class Grpo(GrpoOptions options, KlPenalty? kl = null) : IOnPolicyAlgorithm
{
    const double Epsilon = 1e-4;                                   // TRL's, for groups whose scores hardly differ

    public Experience Estimate(Rollouts rollouts, Scores scores, TrainingStep step)
    {
        var (totals, mask) = (scores.Totals, rollouts.Mask);
        var advantages = GroupAdvantages(totals, rollouts.GroupSize, options.ScaleByStd);           // B
        step.Log("grpo/groups_without_signal", GroupsWithoutSignal(totals, rollouts.GroupSize));
        var column = Tensor.From(Array.ConvertAll(advantages, advantage => (float)advantage), rollouts.Count, 1).To(mask.Device);
        var perToken = mask.To(DType.Float32) * column;                                             // (B, T)
        return new(rollouts, kl is { IsInReward: true } ? perToken - rollouts.Kl! * kl.Coefficient : perToken);
    }

    public Loss Compute(Experience experience, Analysis analysis, double count)
    {
        var (rollouts, mask) = (experience.Rollouts, experience.Rollouts.Mask);
        var logRatio = (analysis.Logprobs - rollouts.Logprobs).MaskedFill(!mask, 0);                // (B, T): log π − log π_old
        var loss = Mean(PolicyLosses.Clipped(logRatio.Exp(), experience.Advantages, options.ClipLow, options.ClipHigh));
        var metrics = new Dictionary<string, Tensor>(StringComparer.Ordinal) { ["loss/policy"] = loss };
        if (kl is { IsInLoss: true })
        {
            var klLoss = metrics["loss/kl"] = Mean(kl.InLoss(rollouts, analysis));
            loss += klLoss * kl.Coefficient;
        }
        return new(loss, metrics) { Shift = PolicyLosses.Shift(logRatio, mask, count, options.ClipLow, options.ClipHigh) };

        Tensor Mean(Tensor x) => Masked.Reduce(x, mask, count);
    }

    public string Summarize(IReadOnlyDictionary<string, double> metrics) =>
        $"score {NumberFormat.Fixed(metrics["objective/scores"], 2)}{(kl is null ? "" : ", " + KlPenalty.Summarize(metrics))}";

    /// <summary>(r − mean of its group) / (standard deviation of its group + 10⁻⁴) of each response, or without the division.</summary>
    /// <param name="scores">B scores, those of a group side by side.</param>
    /// <param name="groupSize">G</param>
    /// <param name="scaleByStd">Whether to divide; the standard deviation is that of a sample (G − 1).</param>
    public static double[] GroupAdvantages(double[] scores, int groupSize, bool scaleByStd) =>
        [.. scores.Chunk(groupSize).SelectMany(group => Relative(group, scaleByStd))];

    static IEnumerable<double> Relative(double[] group, bool scaleByStd)
    {
        var mean = group.Average();
        var std = group.Length > 1 ? group.StandardDeviation() : 0;
        return group.Select(score => (score - mean) / (scaleByStd ? std + Epsilon : 1));
    }

    /// <summary>The share of groups whose responses all have the same score: nothing is learned from them.</summary>
    static double GroupsWithoutSignal(double[] scores, int groupSize) =>
        scores.Chunk(groupSize).Average(group => Array.TrueForAll(group, score => score == group[0]) ? 1.0 : 0.0);
}
