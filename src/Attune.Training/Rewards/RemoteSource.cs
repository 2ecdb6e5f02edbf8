using Attune.Training.Policies;
using Attune.Training.Remote;

namespace Attune.Training.Rewards;

/// <summary>Requests the scores of a batch from another program.</summary>
sealed class RemoteSource(RemoteReward options, RemoteCalls calls, RewardContext context) : IRewardSource
{
    readonly RewardProtocol protocol = new(options, context.Policy.Tokenizer);
    long id;

    public bool IsRemote => true;

    public Scores Score(Rollouts rollouts)
    {
        var request = protocol.Request(++id, TextResponse.FromRollouts(rollouts, context.Policy.Tokenizer));
        try
        {
            return RewardProtocol.Read(id, calls.Send(request), rollouts);
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            throw new InvalidDataException($"the reward '{options.Title}' failed: {error.Message}", error);
        }
    }

    public void Dispose() => calls.Dispose();
}
