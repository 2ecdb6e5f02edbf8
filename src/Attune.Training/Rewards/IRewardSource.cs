using Attune.Training.Policies;
using Attune.Training.States;

namespace Attune.Training.Rewards;

/// <summary>Gives responses their scores.</summary>
public interface IRewardSource : IDisposable
{
    /// <summary>A score for each response, or for each of its tokens. Does not change the state of the source.</summary>
    /// <exception cref="InvalidDataException">The source failed, or cannot score the responses; the message names it.</exception>
    Scores Score(Rollouts rollouts);

    /// <summary>Scores responses to train on: running moments, where there are any, are updated with the scores.</summary>
    /// <inheritdoc cref="Score"/>
    Scores ScoreAndUpdateStatistics(Rollouts rollouts) => Score(rollouts);

    /// <summary>Whether it mostly waits for another program: such sources are called at the same time, each on its own thread.</summary>
    bool IsRemote => false;

    /// <summary>Whether it computes with a model in this process; the ranks then share the responses.</summary>
    bool UsesModel => false;

    /// <summary>Whether it compares the responses to a prompt with each other, so that it needs several.</summary>
    bool ComparesResponses => false;

    /// <summary>State of the source that is part of every checkpoint, such as running moments.</summary>
    IEnumerable<(string Name, IRunState State)> States => [];

    void IDisposable.Dispose() => GC.SuppressFinalize(this);
}
