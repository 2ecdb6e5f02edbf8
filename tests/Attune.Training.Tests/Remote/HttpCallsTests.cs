using System.Net;
using System.Net.Sockets;
using System.Text;
using Attune.Training.Remote;

namespace Attune.Training.Tests.Remote;

/// <summary>Streams of events that end badly, or never.</summary>
public sealed class HttpCallsTests : IDisposable
{
    const string Event = "data: some tokens\n\n";

    static readonly TimeSpan Soon = TimeSpan.FromSeconds(0.2), Late = TimeSpan.FromSeconds(30);

    readonly TcpListener listener = new(IPAddress.Loopback, 0);
    readonly List<string> events = [];

    public HttpCallsTests() => listener.Start();

    public void Dispose() => listener.Dispose();

    string Url => $"http://{listener.LocalEndpoint}/";

    [Fact]
    public async Task Stream_EventsOfMoreBytesThanOneMayHave_AreAllRead()
    {
        var server = Serve(string.Concat(Enumerable.Repeat(Event, 2000)) + "data: [DONE]\n\n", client => client.Close());
        await Stream(Late, maxBytes: 8192);
        await server;
        Assert.Equal(Enumerable.Repeat("some tokens", 2000), events);
    }

    [Fact]
    public async Task Stream_ALineWithoutEnd_IsRefused()
    {
        var server = Serve(Event + "data: " + new string('x', 20_000), client => client.Close());
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => Stream(Late, maxBytes: 8192));
        await server;
        Assert.Equal($"the answer of {Url} has more than 8192 bytes", error.Message);
        Assert.Equal(["some tokens"], events);
    }

    [Fact]
    public async Task Stream_TheConnectionIsReset_IsAnAnswerThatEndedTooEarly()
    {
        var server = Serve(Event, client =>
        {
            while (events.Count == 0)
                Thread.Sleep(1);
            client.Client.LingerState = new(enable: true, seconds: 0);
            client.Client.Close();
        });
        var error = await Assert.ThrowsAsync<IOException>(() => Stream(Late));
        await server;
        Assert.StartsWith($"{Url} ended its answer too early: ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Event, "did not finish its answer within 0.2 s")]
    [InlineData(null, "did not answer within 0.2 s")]
    public async Task Stream_TheServerFallsSilent_SaysHowFarItCame(string? sent, string expected)
    {
        using var open = new TcpClient();
        var server = Serve(sent, client => open.Client = client.Client);
        var error = await Assert.ThrowsAsync<IOException>(() => Stream(Soon));
        await server;
        Assert.Equal($"{Url} {expected}", error.Message);
    }

    async Task Stream(TimeSpan timeout, int maxBytes = IRemote.MaxAnswerBytes)
    {
        using var calls = new HttpCalls(maxBytes: maxBytes);
        await calls.StreamAsync(Url, "{}"u8.ToArray(), timeout, data => events.Add(Encoding.UTF8.GetString(data)), CancellationToken.None);
    }

    /// <summary>Answers one request with events, or with nothing.</summary>
    async Task Serve(string? sent, Action<TcpClient> end)
    {
        var client = await listener.AcceptTcpClientAsync();
        var request = new byte[4096];
        Assert.True(await client.GetStream().ReadAsync(request) > 0);
        if (sent is not null)
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                $"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n{sent}"));
        end(client);
    }
}
