using System.ComponentModel.DataAnnotations;
using Attune.Reporting.Charts;
using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Algorithms;

/// <summary>Options of Nash-MD.</summary>
public sealed record NashMdOptions
{
    /// <summary>The share of the reference in the mixture that samples the other response: 0 for the policy, 1 for the reference.</summary>
    [Range(0d, 1d)]
    public double MixtureCoef { get; init; } = 0.5;
}

/// <summary>
/// Nash mirror descent. Munos et al. 2023, algorithm 1 and section 7, https://arxiv.org/abs/2312.00886: a response of the policy is
/// compared with one of the geometric mixture of policy and reference, and becomes more likely by P − ½, P its probability to win, with a
/// penalty on the KL from the reference. Detail: as in TRL, of two scores P is σ(score − other score); a judge
/// gives P itself.
/// </summary>
/// <param name="options">The mixture.</param>
/// <param name="policy">The policy that is trained.</param>
/// <param name="kl">The penalty on the KL from the reference.</param>
public sealed class NashMd(NashMdOptions options, Policy policy, KlPenalty kl) : IOnPolicyAlgorithm
{
    public Func<Policy, Policy> Opponent => reference => policy.MixedWith(reference, options.MixtureCoef);

    public Experience Estimate(Rollouts rollouts, Scores scores, TrainingStep step)
    {
        double[][] pairs = [.. scores.Totals.Chunk(2)];
        var wins = Array.ConvertAll(pairs, pair => Probability(pair[0] - pair[1], scores.AreWinRates));     // P(y ≻ y′)
        step.Log("objective/opponent_scores", Advantages.Mean(pairs.Select(pair => pair[1])));
        step.Log("rewards/probabilities", Advantages.Mean(wins));
        var own = rollouts.WithoutOpponents();
        return new(own, Advantages.PerToken(Array.ConvertAll(wins, win => double.IsNaN(win) ? 0 : win - 0.5), own.Mask));
    }

    /// <summary>
    /// The probability to win: σ of the difference of two scores; ½ and half of the difference of two win rates. NaN where a response has
    /// no score.
    /// </summary>
    static double Probability(double difference, bool areWinRates) =>
        areWinRates ? 0.5 + difference / 2 : 1 / (1 + Math.Exp(-difference));

    public Loss Compute(Experience experience, Analysis analysis, UpdateSize size)
    {
        var (rollouts, mask) = (experience.Rollouts, experience.Mask);
        var logprobs = analysis.Logprobs.MaskedFill(!mask, 0);                                      // (B, T)
        var logRatio = (logprobs - rollouts.RefLogprobs!).MaskedFill(!mask, 0).Detach();            // log π − log π_ref
        var terms = new LossTerms();
        terms.Add("loss/score", Mean(rollouts.Weigh(experience.Advantages * logprobs)), coefficient: -1);
        terms.Add("loss/kl", Mean(logRatio * logprobs), kl.Coefficient, logged: Mean(logRatio));
        var shift = (logprobs - rollouts.Logprobs).MaskedFill(!mask, 0);
        return terms.ToLoss(PolicyLosses.Shift(shift, mask, size.Tokens, double.PositiveInfinity, double.PositiveInfinity));

        Tensor Mean(Tensor x) => Masked.Reduce(x, mask, size.Responses);
    }

    public string Summarize(IReadOnlyDictionary<string, double> metrics) =>
        $"score {NumberFormat.Fixed(metrics["objective/scores"], 2)}, {KlPenalty.Summarize(metrics)}, "
        + $"wins {NumberFormat.Percent(metrics["rewards/probabilities"])}";
}
