using System.Text.Json;
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

    /// <summary>The object of an answer to the request with an id, which has one of these fields.</summary>
    /// <exception cref="InvalidDataException">It is something else; the message shows what it has.</exception>
    public static JsonElement ParseObject(ReadOnlyMemory<byte> answer, long id, params string[] fields)
    {
        var root = Parse(answer);
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("id", out var found)
            || !fields.Any(field => root.TryGetProperty(field, out _)))
            throw Wrong($"there must be an object with id and {string.Join(" or ", fields)}", answer);
        return found.ValueKind == JsonValueKind.Number && found.TryGetInt64(out var number) && number == id
            ? root
            : throw Wrong($"id must be {id}, that of the request (was {Shortened(found.GetRawText())})", answer);
    }

    static JsonElement Parse(ReadOnlyMemory<byte> answer)
    {
        try
        {
            return JsonElement.Parse(answer.Span);
        }
        catch (JsonException error)
        {
            var advice = answer.Span.StartsWith("{"u8)
                ? error.Message
                : "Only answers may be written to stdout; write other output to stderr";
            throw new InvalidDataException($"its answer is not JSON: {Quoted(answer)}. {advice}", error);
        }
    }

    /// <summary>An answer that something is wrong with.</summary>
    public static InvalidDataException Wrong(string what, ReadOnlyMemory<byte> answer) => new($"in its answer {what}: {Quoted(answer)}");

    /// <summary>The beginning of an answer, for messages.</summary>
    public static string Quoted(ReadOnlyMemory<byte> answer) =>
        answer.Length == 0 ? "an empty line"
        : Shortened(System.Text.Encoding.UTF8.GetString(answer.Span[..Math.Min(answer.Length, 4 * MaxQuoteLength)]));

    /// <summary>The beginning of a text, for messages.</summary>
    public static string Shortened(string text)
    {
        var line = string.Concat(text.Take(MaxQuoteLength).Select(letter => char.IsControl(letter) ? ' ' : letter));
        return text.Length > MaxQuoteLength ? line + " …" : line;
    }

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
