using Attune.Training.Policies;
using Polly;

namespace Attune.Training.Rewards;

/// <summary>Asks the other end for the scores of a batch: again when no answer comes, and not again when the answer is wrong.</summary>
sealed class RemoteSource(RemoteReward options, IRemote remote, RewardContext context) : IRewardSource
{
    readonly RewardProtocol protocol = new(options, context.Policy.Tokenizer);
    readonly ResiliencePipeline retries = Retries(options, context);
    long id;

    public bool IsRemote => true;

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
        var asked = 0;
        try
        {
            return retries.Execute(() =>
            {
                asked++;
                return remote.Send(request, TimeSpan.FromSeconds(options.Timeout));
            });
        }
        catch (IOException error) when (asked > 1)
        {
            throw new IOException($"{error.Message} (asked {asked} times)", error);
        }
    }

    /// <summary>Waits twice as long before each attempt as before the last one, an hour at most.</summary>
    static ResiliencePipeline Retries(RemoteReward options, RewardContext context) => new ResiliencePipelineBuilder().AddRetry(new()
    {
        MaxRetryAttempts = int.MaxValue,                         // the library refuses 0: ShouldHandle counts
        ShouldHandle = attempt => new(attempt.Outcome.Exception is IOException && attempt.AttemptNumber < options.Retries),
        BackoffType = DelayBackoffType.Exponential,
        Delay = TimeSpan.FromSeconds(options.Backoff),
        MaxDelay = TimeSpan.FromHours(1),
        OnRetry = attempt =>
        {
            context.Say($"the reward '{options.Title}' is asked again: {attempt.Outcome.Exception!.Message}");
            return default;
        },
    }).Build();
}
