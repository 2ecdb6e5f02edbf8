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

    /// <summary>λ of the returns that the critic learns; null for gaeLambda. VAPO: 1.</summary>
    [Range(0d, 1d)]
    public double? ValueGaeLambda { get; init; }

    /// <summary>
    /// α: advantages have λ = 1 − 1 / (α l), by the length l of their response, instead of gaeLambda; 0 for gaeLambda. VAPO: 0.05.
    /// </summary>
    [Range(0, double.PositiveInfinity)]
    public double GaeLambdaAlpha { get; init; }

    /// <summary>Whether advantages are normalised to mean 0 and standard deviation 1 over the tokens of a step.</summary>
    public bool WhitenAdvantages { get; init; } = true;

    /// <summary>Whether rewards are normalised to standard deviation 1, keeping their mean, over the tokens of a step.</summary>
    public bool WhitenRewards { get; init; }
}

/// <summary>Options of a loss that trains policy and critic together.</summary>
public record ActorCriticOptions : ReturnOptions
{
    /// <summary>The coefficient of the value loss.</summary>
    [Range(0, double.PositiveInfinity)]
    public double ValueCoef { get; init; } = 0.1;

    /// <summary>The coefficient of an entropy bonus, which keeps responses varied; 0 for none.</summary>
    [Range(0, double.PositiveInfinity)]
    public double EntropyCoef { get; init; }
}

/// <summary>What the algorithms with a critic share.</summary>
public static class ActorCritic
{
    /// <summary>
    /// Advantages and returns by GAE. The reward of a token is −β times its KL from the reference, where the penalty is in the reward, and
    /// the score of the response at its last token; responses without a score are left out of the loss. Ziegler et al. 2019, eq. 2,
    /// https://arxiv.org/abs/1909.08593
    /// </summary>
    public static Experience Estimate(Rollouts rollouts, Scores scores, KlPenalty kl, ReturnOptions options, TrainingStep step)
    {
        var (mask, values) = (scores.Scored(rollouts.Mask), rollouts.Values!);
        var rewards = scores.PerToken(rollouts);                                                    // (B, T)
        if (kl.IsInReward)
            rewards -= rollouts.Kl! * kl.Coefficient;
        if (options.WhitenRewards)
            rewards = Masked.Whiten(rewards, mask, keepMean: true).MaskedFill(!mask, 0);
        var (advantages, returns) = Estimate(rewards, values, rollouts, options);
        step.Log("value/explained_variance", ExplainedVariance(returns, values, mask));
        if (options.WhitenAdvantages)
            advantages = Masked.Whiten(advantages, mask);
        return new(rollouts, advantages.MaskedFill(!mask, 0), returns) { Mask = mask };
    }

    /// <summary>
    /// Advantages and returns, which may have different λ (decoupled GAE): Yuan et al. 2025, section 4.2, https://arxiv.org/abs/2503.01491
    /// </summary>
    static (Tensor Advantages, Tensor Returns) Estimate(Tensor rewards, Tensor values, Rollouts rollouts, ReturnOptions options)
    {
        var turns = rollouts.TurnMask;
        var (advantages, returns) = Gae.Estimate(rewards, values, options.Gamma, options.GaeLambda, turns);
        if (options.ValueGaeLambda is { } lambda)
            returns = Gae.Estimate(rewards, values, options.Gamma, lambda, turns).Returns;
        if (options.GaeLambdaAlpha > 0)
            advantages = Gae.Estimate(
                rewards, values, options.Gamma, Gae.AdaptiveLambdas(rollouts.Mask, options.GaeLambdaAlpha), turns).Advantages;
        return (advantages, returns);
    }

    /// <summary>The terms of a loss that trains policy and critic together: policy loss, value loss, KL and entropy.</summary>
    /// <param name="policyLoss">(B, T)</param>
    /// <param name="experience">The responses.</param>
    /// <param name="analysis">What the policy computes for them.</param>
    /// <param name="size">What the means are taken over.</param>
    /// <param name="options">The coefficients.</param>
    /// <param name="kl">The penalty on the KL from the reference.</param>
    /// <param name="valueClipRange">The range of <see cref="ValueLoss"/>.</param>
    internal static LossTerms Terms(
        Tensor policyLoss, Experience experience, Analysis analysis, UpdateSize size, ActorCriticOptions options, KlPenalty kl,
        double valueClipRange = 0)
    {
        var (rollouts, mask) = (experience.Rollouts, experience.Mask);
        var terms = new LossTerms();
        terms.Add("loss/policy", Mean(policyLoss));
        terms.Add(
            "loss/value", Mean(ValueLoss(analysis.Values!, rollouts.Values!, experience.Returns!, valueClipRange)), options.ValueCoef);
        if (kl.IsInLoss)
            terms.Add("loss/kl", Mean(kl.InLoss(rollouts, analysis)), kl.Coefficient);
        if (analysis.Entropy is not null)
            terms.Add("policy/entropy", Mean(analysis.Entropy.MaskedFill(!mask, 0)), -options.EntropyCoef);
        return terms;

        Tensor Mean(Tensor x) => Masked.Reduce(x, mask, size.Tokens);
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
