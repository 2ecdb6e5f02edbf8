namespace Attune.Training.Remote;

/// <summary>A web server that takes POST requests.</summary>
/// <param name="url">The URL.</param>
/// <param name="key">Sent as a bearer token; null or empty for none.</param>
sealed class HttpRemote(string url, string? key = null) : IRemote
{
    readonly HttpCalls calls = new(key);

    public byte[] Send(byte[] request, TimeSpan timeout, CancellationToken cancellation) =>
        calls.SendAsync(HttpMethod.Post, url, request, timeout, cancellation).GetAwaiter().GetResult();

    public void Dispose() => calls.Dispose();
}
