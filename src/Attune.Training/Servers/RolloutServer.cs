using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Training.Remote;

namespace Attune.Training.Servers;

/// <summary>A server, with what is known of it.</summary>
/// <param name="url">Its URL.</param>
/// <param name="calls">Sends requests.</param>
/// <param name="timeout">The timeout of a request.</param>
sealed class RolloutServer(string url, HttpCalls calls, TimeSpan timeout) : IDisposable
{
    static readonly TimeSpan MaxPause = TimeSpan.FromMinutes(1);

    readonly SemaphoreSlim loading = new(1);
    string? loaded;                                                // the version of the weights that it has

    public string Url { get; } = Trimmed(url);

    /// <summary>The name of the model on the server.</summary>
    public string Model { get; set; } = "";

    /// <summary>Requests that are open.</summary>
    public int Open { get; private set; }

    /// <summary>How often it has failed since its last answer.</summary>
    public int Failures { get; private set; }

    /// <summary>When it may be used again.</summary>
    public DateTime ReadyAt { get; private set; } = DateTime.MinValue;

    /// <summary>What the last failure was.</summary>
    public string LastFailure { get; private set; } = "";

    /// <summary>Whether a request may be sent: a server that failed gets one at a time until it answers.</summary>
    public bool IsReady(DateTime now) => now >= ReadyAt && (Failures == 0 || Open == 0);

    public void Begin() => Open++;

    public void End() => Open--;

    public void Answered() => (Failures, ReadyAt) = (0, DateTime.MinValue);

    /// <summary>Records a failure; a server that has restarted has lost its weights.</summary>
    /// <returns>Whether it is the first since the server was last ready.</returns>
    public bool RecordFailure(IOException failure, TimeSpan backoff, DateTime now)
    {
        (loaded, LastFailure) = (null, failure.Message);
        if (now < ReadyAt)
            return false;
        var pause = backoff * Math.Pow(2, Math.Min(Failures++, 30));
        ReadyAt = now + (pause < MaxPause ? pause : MaxPause);
        return true;
    }

    /// <summary>Sends no request for a time, because the server has too many.</summary>
    public void Pause(TooManyRequestsException refusal, TimeSpan backoff, DateTime now)
    {
        LastFailure = refusal.Message;
        var pause = refusal.RetryAfter is { } asked && asked > TimeSpan.Zero ? asked : backoff;
        ReadyAt = now + (pause < MaxPause ? pause : MaxPause);
    }

    /// <summary>Loads weights where the server does not have them.</summary>
    public async Task Load(WeightFiles weights, CancellationToken cancellation)
    {
        await loading.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (loaded == weights.Version)
                return;
            var answer = await PostAsync(weights.Path, weights.Body, cancellation).ConfigureAwait(false);
            if (Parsed(answer) is { ValueKind: JsonValueKind.Object } said && said.TryGetProperty("success", out var success)
                && success.ValueKind == JsonValueKind.False)
                throw new InvalidDataException($"{Url}{weights.Path} could not load {weights.Folder}: {RemoteCalls.Quoted(answer)}");
            if (weights.Model is { } model)
                Model = model;
            loaded = weights.Version;
        }
        finally
        {
            loading.Release();
        }
    }

    public Task<byte[]> PostAsync(string path, JsonObject body, CancellationToken cancellation) =>
        calls.SendAsync(HttpMethod.Post, Url + path, JsonSerializer.SerializeToUtf8Bytes(body), timeout, cancellation);

    /// <summary>Posts a request whose answer may be a stream of events.</summary>
    /// <param name="path">The path.</param>
    /// <param name="body">The request.</param>
    /// <param name="receive">Gets the answer, or each event.</param>
    /// <param name="cancellation">Ends the request.</param>
    public Task StreamAsync(string path, JsonObject body, Action<byte[]> receive, CancellationToken cancellation) =>
        calls.StreamAsync(Url + path, JsonSerializer.SerializeToUtf8Bytes(body), timeout, receive, cancellation);

    public Task<byte[]> GetAsync(string path, CancellationToken cancellation) =>
        calls.SendAsync(HttpMethod.Get, Url + path, body: null, timeout, cancellation);

    public void Dispose() => loading.Dispose();

    /// <summary>Null for an answer that is not JSON.</summary>
    public static JsonElement? Parsed(byte[] answer)
    {
        try
        {
            return JsonElement.Parse(answer);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The URL without the path of an API of OpenAI.</summary>
    static string Trimmed(string url)
    {
        url = url.TrimEnd('/');
        return url.EndsWith("/v1", StringComparison.Ordinal) ? url[..^3] : url;
    }
}
