using Attune.Training.Policies;
using Attune.Training.States;

namespace Attune.Training.Rewards;

/// <summary>Says how good responses are.</summary>
public interface IRewardSource : IDisposable
{
    /// <summary>A number for each response, or for each of its tokens. Nothing that the run remembers is changed.</summary>
    /// <exception cref="InvalidDataException">The source failed, or cannot rate the responses; the message names it.</exception>
    Scores Score(Rollouts rollouts);

    /// <summary>The same of responses that are learned from: running moments, where there are any, take the scores in.</summary>
    /// <inheritdoc cref="Score"/>
    Scores ScoreAndUpdateStatistics(Rollouts rollouts) => Score(rollouts);

    /// <summary>Whether it spends its time on waiting for others, so that several such sources are asked at once, a thread each.</summary>
    bool IsRemote => false;

    /// <summary>What the run must remember of the source, as running moments.</summary>
    IEnumerable<(string Name, IRunState State)> States => [];

    void IDisposable.Dispose() => GC.SuppressFinalize(this);
}
