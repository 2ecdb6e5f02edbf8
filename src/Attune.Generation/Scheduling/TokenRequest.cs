namespace Attune.Generation.Scheduling;

/// <summary>A request to a <see cref="BatchScheduler"/>: responses to one prompt.</summary>
/// <param name="Prompt">Token ids.</param>
/// <param name="Options">
/// Settings of sampling. Texts in them must be tokens: see <see cref="SamplingOptions.WithTokens"/>. Whoever reads the tokens finds stop
/// strings, and cancels the response.
/// </param>
public sealed record TokenRequest(int[] Prompt, SamplingOptions Options)
{
    /// <summary>Tokens that end a response; null for those of the scheduler.</summary>
    public IReadOnlyList<int>? EosIds { get; init; }

    /// <summary>The number of responses. The prompt is read once for all of them.</summary>
    public int Samples { get; init; } = 1;

    /// <summary>The same seed gives the same responses, whatever other requests are in the batch.</summary>
    public ulong Seed { get; init; }

    /// <summary>Reports the log-probability of each token, and of this many of the most likely tokens; null reports none.</summary>
    public int? TopLogprobs { get; init; }

    /// <summary>
    /// Whether log-probabilities are those after penalties, filters and temperature, before unlikely tokens are removed (top-k, top-p);
    /// otherwise they are those of the model itself.
    /// </summary>
    public bool TemperedLogprobs { get; init; }

    /// <summary>
    /// Filters in addition to those of the options. They must have no state for each row, and may be called by several threads.
    /// </summary>
    public IReadOnlyList<ILogitsFilter> Filters { get; init; } = [];
}

/// <summary>A token with its log-probability.</summary>
public readonly record struct TokenLogprob(int Id, float Logprob);

/// <summary>A token of a response, as soon as it is sampled.</summary>
/// <param name="Id">The token.</param>
/// <param name="Logprob">Its log-probability; NaN where the request does not ask for it.</param>
/// <param name="Top">The most likely tokens, the likeliest first; empty where the request does not ask for them.</param>
public readonly record struct SampledToken(int Id, float Logprob, IReadOnlyList<TokenLogprob> Top);

/// <summary>Limits of a <see cref="BatchScheduler"/>.</summary>
public sealed record SchedulerOptions
{
    /// <summary>The most responses that are generated at the same time.</summary>
    public int MaxRows { get; init; } = 64;

    /// <summary>The most responses that wait for a place in the batch.</summary>
    public int MaxWaiting { get; init; } = 256;

    /// <summary>The most tokens in the KV cache; 0 for 2,048 for each of the rows, and at least one whole context.</summary>
    public long MaxCacheTokens { get; init; }

    /// <summary>The most tokens of prompts that are read between two tokens of the batch; a longer prompt is read alone.</summary>
    public int PrefillTokens { get; init; } = 2048;

    /// <summary>Schedulers that share a device take turns: one with a single worker holds the lock during a step.</summary>
    public Lock Device { get; init; } = new();
}

/// <summary>Too many responses wait already: try again later.</summary>
public sealed class QueueFullException(int limit)
    : Exception($"{limit} responses wait already, which is the limit; try again later");

/// <summary>The response was ended by an update of the weights.</summary>
public sealed class ResponseAbortedException()
    : Exception("the response was aborted by an update of the weights; send the request again");
