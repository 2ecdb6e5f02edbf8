using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Attune.Benchmarks;

/// <summary>A connection that asks for one streamed completion after the other.</summary>
sealed class LoadStream : IDisposable
{
    readonly Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    readonly byte[] buffer = new byte[64 << 10];
    readonly Random random;
    readonly Uri address;
    readonly int vocabulary;
    readonly int promptTokens;
    readonly int responseTokens;
    readonly List<double> firstTokens = [];
    int received;
    long begin;
    bool hasBegun;

    public LoadStream(Uri address, int vocabulary, int promptTokens, int responseTokens, int seed)
    {
        (this.address, this.vocabulary, this.promptTokens, this.responseTokens) = (address, vocabulary, promptTokens, responseTokens);
        random = new(seed);
        socket.Connect(address.Host, address.Port);
        socket.Blocking = false;
        Request();
    }

    /// <summary>Tokens that were received: those of responses that have ended, and the events of the one that runs.</summary>
    public long Tokens { get; private set; }

    /// <summary>Responses that have ended.</summary>
    public int Requests => firstTokens.Count;

    public int Errors { get; private set; }

    /// <summary>Milliseconds until the first event of each response.</summary>
    public IReadOnlyList<double> FirstTokens => firstTokens;

    /// <summary>Reads what has arrived; after the end of a response, sends the next request.</summary>
    public void Receive()
    {
        if (socket.Available == 0)
            return;
        received += socket.Receive(buffer, received, buffer.Length - received, SocketFlags.None, out _);
        var text = buffer.AsSpan(0, received);
        if (!hasBegun && text.IndexOf("data: "u8) >= 0)
        {
            hasBegun = true;
            firstTokens.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
        }
        var isWhole = text.EndsWith("0\r\n\r\n"u8);
        if (!isWhole && received < buffer.Length && text.StartsWith("HTTP/1.1 200 "u8))
            return;
        if (isWhole && Usage(text) is { } tokens)
            Tokens += tokens;
        else
            Errors++;
        Request();
    }

    public void Dispose()
    {
        // A response that runs counts by its events.
        Tokens += Math.Max(0, buffer.AsSpan(0, received).Count("data: "u8) - 1);
        socket.Dispose();
    }

    static int? Usage(ReadOnlySpan<byte> text)
    {
        var key = "\"completion_tokens\":"u8;
        if (text.IndexOf("data: [DONE]"u8) < 0 || text.LastIndexOf(key) is not (>= 0 and var at))
            return null;
        var digits = text[(at + key.Length)..];
        return int.Parse(digits[..digits.IndexOfAnyExceptInRange((byte)'0', (byte)'9')], provider: null);
    }

    void Request()
    {
        var body = JsonSerializer.Serialize(new
        {
            prompt = Enumerable.Range(0, promptTokens).Select(_ => random.Next(1, vocabulary)), max_tokens = responseTokens, stream = true,
            stream_options = new { include_usage = true },
        });
        (received, hasBegun, begin) = (0, false, Stopwatch.GetTimestamp());
        socket.Send(Encoding.ASCII.GetBytes(
            $"POST /v1/completions HTTP/1.1\r\nHost: {address.Authority}\r\nContent-Type: application/json\r\n"
            + $"Content-Length: {body.Length}\r\n\r\n{body}"));
    }
}
