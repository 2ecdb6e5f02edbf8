using System.Net;
using System.Net.Http.Headers;

namespace Attune.Training.Remote;

/// <summary>A web server that takes POST requests.</summary>
/// <param name="url">The URL.</param>
/// <param name="key">Sent as a bearer token; null or empty for none.</param>
sealed class HttpRemote(string url, string? key = null) : IRemote
{
    readonly HttpClient client = new(new SocketsHttpHandler { AllowAutoRedirect = false })
    {
        MaxResponseContentBufferSize = IRemote.MaxAnswerBytes,
        Timeout = Timeout.InfiniteTimeSpan,
    };

    public byte[] Send(byte[] request, TimeSpan timeout, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(timeout);
        try
        {
            return Post(request, deadline.Token).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException error) when (deadline.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new IOException($"{url} did not answer within {timeout.TotalSeconds} s", error);
        }
        catch (HttpRequestException error) when (error.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw new InvalidDataException($"the answer of {url} has more than {IRemote.MaxAnswerBytes} bytes", error);
        }
        catch (HttpRequestException error)
        {
            throw new IOException($"{url} cannot be reached: {error.Message}", error);
        }
    }

    public void Dispose() => client.Dispose();

    async Task<byte[]> Post(byte[] request, CancellationToken cancellation)
    {
        using var content = new ByteArrayContent(request);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var message = new HttpRequestMessage(HttpMethod.Post, url) { Content = content };
        message.Headers.Authorization = string.IsNullOrEmpty(key) ? null : new("Bearer", key);
        using var response = await client.SendAsync(message, cancellation).ConfigureAwait(false);
        var answer = await response.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
        if (response.IsSuccessStatusCode)
            return answer;
        var failure = $"{url} answered {(int)response.StatusCode} {response.ReasonPhrase}: {RemoteCalls.Quoted(answer)}";
        throw IsTransient(response.StatusCode) ? new IOException(failure) : new InvalidDataException(failure);
    }

    static bool IsTransient(HttpStatusCode status) =>
        (int)status >= 500 || status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests;
}
