using System.ComponentModel.DataAnnotations;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Algorithms;

/// <summary>Options of XPO.</summary>
public sealed record XpoOptions : DpoLossOptions
{
    /// <summary>
    /// α: the weight of the log-probability of the reference's responses in the loss. It makes these responses less likely, so that
    /// the policy explores.
    /// </summary>
    [Range(0, double.PositiveInfinity)]
    public double Alpha { get; init; } = 1e-5;
}

/// <summary>
/// Exploratory preference optimization. Xie et al. 2024, algorithm 1, https://arxiv.org/abs/2405.21046: a response of the policy and one
/// of the reference are a pair for a loss of DPO, and α times the log-probability of the reference's response is added. Departures are
/// those of <see cref="OnlineDpo"/>; of a pair with equal scores the exploration term is left out too.
/// </summary>
/// <param name="options">The loss of DPO, and α.</param>
/// <param name="kl">β, and the KL that is logged.</param>
public sealed class Xpo(XpoOptions options, KlPenalty kl) : IOnPolicyAlgorithm
{
    readonly OnlineDpo dpo = new(options, kl);

    public int UnitSize => dpo.UnitSize;

    public Func<Policy, Policy> Opponent => reference => reference;

    public Experience Estimate(Rollouts rollouts, Scores scores, TrainingStep step)
    {
        var totals = scores.Totals;
        step.Log("objective/opponent_scores", Advantages.Mean(totals.Where((_, row) => row % 2 == 1)));
        (int, int)[] pairs = [.. Enumerable.Range(0, rollouts.Count / 2).Select(pair => (2 * pair, 2 * pair + 1))];
        return OnlineDpo.Compare(rollouts, totals, pairs, step);
    }

    public Loss Compute(Experience experience, Analysis analysis, UpdateSize size)
    {
        var pairs = dpo.Compute(experience, analysis, size);
        var logprobs = analysis.Logprobs.MaskedFill(!experience.Mask, 0).Sum(1);                    // (B)
        var ofReference = logprobs.Reshape(-1, 2).Select(1, 1);                                     // (P)
        var exploration = Masked.Reduce(ofReference, count: size.Responses / UnitSize) * options.Alpha;
        return new(pairs.Value + exploration, new Dictionary<string, Tensor>(pairs.MetricTensors, StringComparer.Ordinal)
        {
            ["loss/dpo"] = pairs.Value,
            ["loss/xpo"] = exploration,
        });
    }

    public string Summarize(IReadOnlyDictionary<string, double> metrics) => dpo.Summarize(metrics);
}
