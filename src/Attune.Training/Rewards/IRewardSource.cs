using Attune.Training.Runs;

namespace Attune.Training.Rewards;

/// <summary>Says how good responses are.</summary>
public interface IRewardSource
{
    /// <summary>A number for each response, or for each of its tokens.</summary>
    Scores Score(Rollouts rollouts);

    /// <summary>What the run must remember of the source, as running moments.</summary>
    IEnumerable<(string Name, IRunState State)> States => [];
}
