using Attune.Text;
using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>Rates an answer by its text.</summary>
public interface IRule
{
    /// <summary>A finite number; more is better.</summary>
    /// <exception cref="InvalidDataException">The prompt's row lacks what the rule needs.</exception>
    double Score(TextResponse answer);
}

/// <summary>A reward that is a rule.</summary>
public abstract record RuleReward : RewardOptions, IRule
{
    public abstract double Score(TextResponse answer);

    public override IRewardSource Build(RewardContext context) => new RuleSource(this, context.Policy.Tokenizer);
}

/// <summary>The scores of a rule.</summary>
/// <param name="rule">What rates.</param>
/// <param name="tokenizer">The tokenizer that the responses are in.</param>
public sealed class RuleSource(IRule rule, Tokenizer tokenizer) : IRewardSource
{
    public Scores Score(Rollouts rollouts) => Scores.FromTotals(TextResponse.FromRollouts(rollouts, tokenizer).Select(rule.Score));
}
