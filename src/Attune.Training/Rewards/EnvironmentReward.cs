using Attune.Training.Environments;
using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>
/// The rewards that an environment gave: that of each turn at its last token. Without other rewards it is used by itself.
/// </summary>
public sealed record EnvironmentReward : RewardOptions
{
    public override string Kind => "environment";

    public override IRewardSource Build(RewardContext context) => new Source();

    sealed class Source : IRewardSource
    {
        public Scores Score(Rollouts rollouts) => new([.. rollouts.Completions.Select(completion => completion is EpisodeResponse episode
            ? episode.Rewards()
            : throw new InvalidDataException(
                "the reward 'environment' scores episodes only: set episodes.environments, or leave the reward out"))]);
    }
}
