using System.ComponentModel.DataAnnotations;
using Attune.Reporting.Charts;
using Attune.Torch;
using Attune.Training.Estimation;
using Attune.Training.OnPolicy;
using Attune.Training.Policies;
using Attune.Training.Rewards;
using Attune.Training.Runs;

namespace Attune.Training.Algorithms;

/// <summary>How advantages and returns are estimated with a critic.</summary>
public record ReturnOptions
{
    /// <summary>γ: the discount of later rewards.</summary>
    [Range(0d, 1d)]
    public double Gamma { get; init; } = 1;

    /// <summary>λ of generalized advantage estimation: 1 is Monte Carlo (rewards only), 0 one-step TD (values).</summary>
    [Range(0d, 1d)]
    public double GaeLambda { get; init; } = 0.95;

    /// <summary>Whether advantages are normalised to mean 0 and standard deviation 1 over the tokens of a step.</summary>
    public bool WhitenAdvantages { get; init; } = true;

    /// <summary>Whether rewards are normalised to standard deviation 1, keeping their mean, over the tokens of a step.</summary>
    public bool WhitenRewards { get; init; }
}

/// <summary>What the algorithms with a critic share.</summary>
public static class ActorCritic
{
    /// <summary>
    /// Advantages and returns by GAE. The reward of a token is −β times its KL from the reference, where the penalty is in the reward, and
    /// the score of the response at its last token. Ziegler et al. 2019, eq. 2, https://arxiv.org/abs/1909.08593
    /// </summary>
    public static Experience Estimate(Rollouts rollouts, Scores scores, KlPenalty kl, ReturnOptions options, TrainingStep step)
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

    /// <summary>½ max((V − R)², (clip(V, V_old ± ε) − R)²) of each token; ε 0 for no limit.</summary>
    public static Tensor ValueLoss(Tensor values, Tensor oldValues, Tensor returns, double clipRange)
    {
        var plain = (values - returns).Square();
        if (clipRange == 0)
            return plain * 0.5;
        var clipped = values.Clamp(oldValues - clipRange, oldValues + clipRange);
        return Tensor.Maximum(plain, (clipped - returns).Square()) * 0.5;
    }

    /// <summary>1 − Var(R − V) / Var(R)</summary>
    public static double ExplainedVariance(Tensor returns, Tensor values, Tensor mask) =>
        1 - (Masked.Variance(returns - values, mask) / (Masked.Variance(returns, mask) + 1e-8)).Item();

    /// <summary>Score and KL as a short text.</summary>
    public static string Summarize(IReadOnlyDictionary<string, double> metrics) =>
        $"score {NumberFormat.Fixed(metrics["objective/scores"], 2)}, {KlPenalty.Summarize(metrics)}";
}
