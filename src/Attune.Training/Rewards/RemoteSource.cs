using Attune.Training.Policies;
using Polly;

namespace Attune.Training.Rewards;

/// <summary>
/// Requests the scores of a batch from another program; retries when no answer comes, but not when the answer is invalid.
/// </summary>
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
            return RewardProtocol.Read(id, SendWithRetries(request), rollouts);
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            throw new InvalidDataException($"the reward '{options.Title}' failed: {error.Message}", error);
        }
    }

    public void Dispose() => remote.Dispose();

    byte[] SendWithRetries(byte[] request)
    {
        var attempts = 0;
        try
        {
            return retries.Execute(
                cancellation =>
                {
                    attempts++;
                    return remote.Send(request, TimeSpan.FromSeconds(options.Timeout), cancellation);
                },
                context.Cancellation);
        }
        catch (IOException error) when (attempts > 1)
        {
            throw new IOException($"{error.Message} ({attempts} attempts)", error);
        }
    }

    /// <summary>Doubles the wait before each attempt, up to an hour.</summary>
    static ResiliencePipeline Retries(RemoteReward options, RewardContext context) => new ResiliencePipelineBuilder().AddRetry(new()
    {
        MaxRetryAttempts = int.MaxValue,                         // the library does not allow 0: ShouldHandle counts instead
        ShouldHandle = attempt => new(attempt.Outcome.Exception is IOException && attempt.AttemptNumber < options.Retries),
        BackoffType = DelayBackoffType.Exponential,
        Delay = TimeSpan.FromSeconds(options.Backoff),
        MaxDelay = TimeSpan.FromHours(1),
        OnRetry = attempt =>
        {
            context.Say($"the reward '{options.Title}' is retried: {attempt.Outcome.Exception!.Message}");
            return default;
        },
    }).Build();
}
