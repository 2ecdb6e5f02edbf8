using Polly;

namespace Attune.Training.Remote;

/// <summary>How long a request may take, and how often it is retried.</summary>
/// <param name="Timeout">Seconds until an attempt has failed.</param>
/// <param name="Retries">How often a request is retried when no answer comes.</param>
/// <param name="Backoff">Seconds before the first retry; doubled for each further one, up to an hour.</param>
readonly record struct RetryOptions(double Timeout, int Retries, double Backoff);

/// <summary>
/// Requests to another program, which are retried when no answer comes, but not when the program reports that the request failed.
/// </summary>
/// <param name="name">What the program is, for messages: "the reward 'x'".</param>
/// <param name="remote">The program.</param>
/// <param name="options">Timeout and retries.</param>
/// <param name="say">Shows a notice when a request is retried; called from any thread.</param>
/// <param name="cancellation">Ends requests.</param>
sealed class RemoteCalls(
    string name, IRemote remote, RetryOptions options, Action<string> say, CancellationToken cancellation) : IDisposable
{
    const int MaxQuoteLength = 200;

    readonly ResiliencePipeline retries = Retries(name, options, say);

    /// <summary>The answer to a request of one line.</summary>
    /// <exception cref="IOException">No answer came.</exception>
    /// <exception cref="InvalidDataException">The request failed.</exception>
    public byte[] Send(byte[] request)
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
                cancellation);
        }
        catch (IOException error) when (attempts > 1)
        {
            throw new IOException($"{error.Message} ({attempts} attempts)", error);
        }
    }

    public void Dispose() => remote.Dispose();

    /// <summary>The beginning of an answer, for messages.</summary>
    public static string Quoted(ReadOnlyMemory<byte> answer) =>
        answer.Length == 0 ? "an empty line"
        : Shortened(System.Text.Encoding.UTF8.GetString(answer.Span[..Math.Min(answer.Length, 4 * MaxQuoteLength)]));

    /// <summary>The beginning of a text, for messages.</summary>
    public static string Shortened(string text) => text.Length > MaxQuoteLength ? text[..MaxQuoteLength] + " …" : text;

    static ResiliencePipeline Retries(
        string name, RetryOptions options, Action<string> say) => new ResiliencePipelineBuilder().AddRetry(new()
    {
        MaxRetryAttempts = int.MaxValue,                         // the library does not allow 0: ShouldHandle counts instead
        ShouldHandle = attempt => new(attempt.Outcome.Exception is IOException && attempt.AttemptNumber < options.Retries),
        BackoffType = DelayBackoffType.Exponential,
        Delay = TimeSpan.FromSeconds(options.Backoff),
        MaxDelay = TimeSpan.FromHours(1),
        OnRetry = attempt =>
        {
            say($"{name} is retried: {attempt.Outcome.Exception!.Message}");
            return default;
        },
    }).Build();
}
