using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Net.Sockets;

namespace Attune.Training.Remote;

/// <summary>Sends requests to web servers.</summary>
/// <param name="key">Sent as a bearer token; null or empty for none.</param>
/// <param name="maxBytes">The most bytes of an answer, or of an event of a stream.</param>
sealed class HttpCalls(string? key = null, int maxBytes = IRemote.MaxAnswerBytes) : IDisposable
{
    readonly HttpClient client = new(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(30) })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>The key that an environment variable holds; null where it is not set.</summary>
    /// <exception cref="InvalidDataException">It holds something else.</exception>
    public static string? KeyOf(string variable)
    {
        var key = variable.Length == 0 ? null : Environment.GetEnvironmentVariable(variable)?.Trim();
        return key is null || key.All(letter => letter is > ' ' and <= '~')
            ? key
            : throw new InvalidDataException(
                $"the environment variable {variable} must hold an API key, which has only ASCII characters and no white space");
    }

    /// <summary>The body of the answer.</summary>
    /// <param name="method">GET or POST.</param>
    /// <param name="url">The URL.</param>
    /// <param name="body">JSON; null for none.</param>
    /// <param name="timeout">The time until the attempt has failed.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="IOException">No answer came; a retry may help.</exception>
    /// <exception cref="InvalidDataException">The request failed; a retry will not help.</exception>
    public Task<byte[]> SendAsync(HttpMethod method, string url, byte[]? body, TimeSpan timeout, CancellationToken cancellation) =>
        SendAsync(method, url, body, timeout, WholeAsync, cancellation);

    /// <summary>Posts a request, and reads an answer that may be a stream of events.</summary>
    /// <param name="url">The URL.</param>
    /// <param name="body">JSON.</param>
    /// <param name="timeout">The time until the attempt has failed.</param>
    /// <param name="receive">Gets the answer, or the data of each event as it arrives.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <inheritdoc cref="SendAsync(HttpMethod, string, byte[], TimeSpan, CancellationToken)"/>
    public Task StreamAsync(string url, byte[] body, TimeSpan timeout, Action<byte[]> receive, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Post, url, body, timeout, async (content, deadline) =>
        {
            if (content.Headers.ContentType?.MediaType == "text/event-stream")
                await ReadEventsAsync(content, receive, deadline).ConfigureAwait(false);
            else
                receive(await WholeAsync(content, deadline).ConfigureAwait(false));
            return true;
        }, cancellation);

    public void Dispose() => client.Dispose();

    async Task<byte[]> WholeAsync(HttpContent content, CancellationToken cancellation)
    {
        await content.LoadIntoBufferAsync(maxBytes, cancellation).ConfigureAwait(false);
        return await content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
    }

    async Task ReadEventsAsync(HttpContent content, Action<byte[]> receive, CancellationToken cancellation)
    {
        using var stream = new LimitedStream(await content.ReadAsStreamAsync(cancellation).ConfigureAwait(false), maxBytes);
        await foreach (var item in SseParser.Create(stream, (_, data) => data.ToArray()).EnumerateAsync(cancellation).ConfigureAwait(false))
        {
            stream.EndPart();
            if (!item.Data.AsSpan().SequenceEqual("[DONE]"u8))
                receive(item.Data);
        }
    }

    async Task<T> SendAsync<T>(
        HttpMethod method, string url, byte[]? body, TimeSpan timeout, Func<HttpContent, CancellationToken, Task<T>> read,
        CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(timeout);
        var hasBegun = false;
        try
        {
            return await SendAsync(method, url, body, Begun, deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
        {
            throw new IOException(
                $"{url} did not {(hasBegun ? "finish its answer" : "answer")} within {timeout.TotalSeconds} s", error);
        }
        catch (HttpRequestException error) when (error.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw new InvalidDataException($"the answer of {url} has more than {maxBytes} bytes", error);
        }
        catch (HttpRequestException error)
        {
            throw new IOException($"{url} cannot be reached: {error.Message}", error);
        }
        catch (IOException error) when (error is HttpIOException || error.InnerException is SocketException)
        {
            throw new IOException($"{url} ended its answer too early: {error.Message}", error);
        }

        Task<T> Begun(HttpContent content, CancellationToken token)
        {
            hasBegun = true;
            return read(content, token);
        }
    }

    async Task<T> SendAsync<T>(
        HttpMethod method, string url, byte[]? body, Func<HttpContent, CancellationToken, Task<T>> read, CancellationToken cancellation)
    {
        using var message = new HttpRequestMessage(method, url) { Content = body is null ? null : new ByteArrayContent(body) };
        if (message.Content is { } content)
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        message.Headers.Authorization = string.IsNullOrEmpty(key) ? null : new("Bearer", key);
        using var response = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        if (response.IsSuccessStatusCode)
            return await read(response.Content, cancellation).ConfigureAwait(false);
        var answer = await WholeAsync(response.Content, cancellation).ConfigureAwait(false);
        var failure = $"{url} answered {(int)response.StatusCode} {response.ReasonPhrase}: {RemoteCalls.Quoted(answer)}";
        throw IsTransient(response.StatusCode)
            ? Failure(response, failure)
            : new InvalidDataException(failure);
    }

    static bool IsTransient(HttpStatusCode status) =>
        (int)status >= 500 || status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests;

    static IOException Failure(HttpResponseMessage response, string failure)
    {
        var header = response.Headers.RetryAfter;
        return response.StatusCode == HttpStatusCode.TooManyRequests
            ? new TooManyRequestsException(failure, header?.Delta ?? header?.Date - DateTimeOffset.UtcNow)
            : new IOException(failure);
    }
}

/// <summary>A server answered that it has too many requests.</summary>
/// <param name="message">The status, and the beginning of the answer.</param>
/// <param name="retryAfter">How long it asks to wait before a retry; null where it does not.</param>
sealed class TooManyRequestsException(string message, TimeSpan? retryAfter) : IOException(message)
{
    public TimeSpan? RetryAfter => retryAfter;
}
