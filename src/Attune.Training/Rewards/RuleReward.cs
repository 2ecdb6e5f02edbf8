using Attune.Text;
using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>Scores a response by its text.</summary>
public interface IRule
{
    /// <summary>A finite number; higher is better.</summary>
    /// <exception cref="InvalidDataException">The prompt's row lacks a field that the rule needs.</exception>
    double Score(TextResponse answer);
}

/// <summary>A reward that is a rule.</summary>
public abstract record RuleReward : RewardOptions, IRule
{
    public abstract double Score(TextResponse answer);

    public override IRewardSource Build(RewardContext context) => new RuleSource(this, context.Policy.Tokenizer);
}

/// <summary>The scores of a rule.</summary>
/// <param name="rule">The rule.</param>
/// <param name="tokenizer">The tokenizer of the responses.</param>
public sealed class RuleSource(IRule rule, Tokenizer tokenizer) : IRewardSource
{
    public Scores Score(Rollouts rollouts) => Scores.FromTotals(TextResponse.FromRollouts(rollouts, tokenizer).Select(rule.Score));
}
