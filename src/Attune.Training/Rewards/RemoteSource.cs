using Attune.Training.Policies;
using Attune.Training.Remote;

namespace Attune.Training.Rewards;

/// <summary>Requests the scores of a batch from another program.</summary>
sealed class RemoteSource(RemoteReward options, IRemote remote, RewardContext context) : IRewardSource
{
    readonly RewardProtocol protocol = new(options, context.Policy.Tokenizer);
    readonly RemoteCalls calls = new(
        $"the reward '{options.Title}'", remote, new(options.Timeout, options.Retries, options.Backoff), context.Say, context.Cancellation);

    long id;

    public bool IsRemote => true;

    public Scores Score(Rollouts rollouts)
    {
        var request = protocol.Request(++id, rollouts);
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
