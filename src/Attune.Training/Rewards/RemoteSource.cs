using Attune.Training.Policies;

namespace Attune.Training.Rewards;

/// <summary>Asks the other end for the scores of a batch: again when no answer comes, and not again when the answer is wrong.</summary>
sealed class RemoteSource(RemoteReward options, IRemote remote, RewardContext context) : IRewardSource
{
    readonly RewardProtocol protocol = new(options, context.Policy.Tokenizer);
    long id;

    public bool Waits => true;

    public Scores Score(Rollouts rollouts)
    {
        var request = protocol.Request(++id, rollouts);
        try
        {
            return RewardProtocol.Read(id, Ask(request), rollouts);
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            throw new InvalidDataException($"the reward '{options.Title}' failed: {error.Message}", error);
        }
    }

    public void Dispose() => remote.Dispose();

    byte[] Ask(byte[] request)
    {
        for (var tried = 1; ; tried++)
            try
            {
                return remote.Ask(request, TimeSpan.FromSeconds(options.Timeout));
            }
            catch (IOException error) when (tried <= options.Retries)
            {
                context.Say($"the reward '{options.Title}' is asked again: {error.Message}");
                Thread.Sleep(TimeSpan.FromSeconds(Math.Min(options.Backoff * Math.Pow(2, tried - 1), 3600)));
            }
            catch (IOException error) when (tried > 1)
            {
                throw new IOException($"{error.Message} (asked {tried} times)", error);
            }
    }
}
