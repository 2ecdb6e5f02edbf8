using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>Scores of 0, for methods that need no reward.</summary>
sealed class NoReward : IRewardSource
{
    public Scores Score(Rollouts rollouts) => Scores.FromTotals(rollouts.Completions.Select(_ => 0d));
}
