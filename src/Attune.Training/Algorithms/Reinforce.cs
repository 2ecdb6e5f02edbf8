using System.ComponentModel.DataAnnotations;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Algorithms;

/// <summary>What is subtracted from the score of a response.</summary>
public enum ReinforceBaseline
{
    /// <summary>Nothing: the mean over the batch is subtracted with normalizeAdvantages (REINFORCE++).</summary>
    None,

    /// <summary>The mean score of the responses to the same prompt (REINFORCE++ with baseline).</summary>
    Group,

    /// <summary>The score of the most likely response to the same prompt, token by token (ReMax).</summary>
    Greedy,
}

/// <summary>Options of REINFORCE.</summary>
public sealed record ReinforceOptions
{
    /// <summary>What is subtracted from a score: none, group (the mean of the prompt's responses) or greedy (ReMax).</summary>
    public ReinforceBaseline Baseline { get; init; }

    /// <summary>Whether advantages are normalised to mean 0 and standard deviation 1 over the tokens of a step.</summary>
    public bool NormalizeAdvantages { get; init; } = true;

    /// <summary>γ: the discount of later rewards.</summary>
    [Range(0d, 1d)]
    public double Gamma { get; init; } = 1;

    /// <summary>ε_low: how far the probability ratio of a token may fall below 1 before its gradient is cut off.</summary>
    [Range(0d, 1d)]
    public double ClipLow { get; init; } = 0.2;

    /// <summary>ε_high: how far it may rise above 1.</summary>
    [Range(0, double.PositiveInfinity)]
    public double ClipHigh { get; init; } = 0.2;
}

/// <summary>
/// REINFORCE with the parts of PPO that need no critic. REINFORCE++, Hu 2025, https://arxiv.org/abs/2501.03262: the reward of a token is
/// −β times its KL, and the score at the last token; the advantage is the return from the token on, normalised over the batch. With the
/// mean of the group as the baseline it is REINFORCE++-baseline; with the score of the greedy response, and without normalisation, it is
/// ReMax, Li et al. 2024, algorithm 1, https://arxiv.org/abs/2310.10505. Departure: ReMax too has a clipped ratio, which is 1 in the first
/// update of a step.
/// </summary>
/// <param name="options">Baseline, advantages and clipping.</param>
/// <param name="kl">The penalty on the KL from the reference; null for none.</param>
public sealed class Reinforce(ReinforceOptions options, KlPenalty? kl = null) : IOnPolicyAlgorithm
{
    /// <summary>PPO's clipped loss, the mean over the tokens of an update.</summary>
    readonly Grpo loss = new(new() { Loss = GrpoLoss.Bnpo, ClipLow = options.ClipLow, ClipHigh = options.ClipHigh }, kl);

    public bool NeedsGreedyScores => options.Baseline == ReinforceBaseline.Greedy;

    public Experience Estimate(Rollouts rollouts, Scores scores, TrainingStep step)
    {
        var mask = scores.Scored(rollouts.Mask);
        var rewards = scores.Minus(Baseline(rollouts, scores)).PerToken(rollouts);                  // (B, T)
        if (kl is { IsInReward: true })
            rewards -= rollouts.Kl! * kl.Coefficient;
        var advantages = Advantages.Returns(rewards, options.Gamma, rollouts.TurnMask).MaskedFill(!mask, 0);
        if (options.NormalizeAdvantages)
            advantages = Masked.Whiten(advantages, mask).MaskedFill(!mask, 0);
        return new(rollouts, advantages) { Mask = mask };
    }

    public Loss Compute(Experience experience, Analysis analysis, UpdateSize size) => loss.Compute(experience, analysis, size);

    public string Summarize(IReadOnlyDictionary<string, double> metrics) => loss.Summarize(metrics);

    /// <summary>B numbers.</summary>
    double[] Baseline(Rollouts rollouts, Scores scores) => options.Baseline switch
    {
        ReinforceBaseline.Group => [.. scores.Totals.Chunk(rollouts.GroupSize)
            .SelectMany(group => Enumerable.Repeat(Advantages.Mean(group), group.Length))],
        ReinforceBaseline.Greedy => rollouts.GreedyScores!,
        _ => new double[rollouts.Count],
    };
}
