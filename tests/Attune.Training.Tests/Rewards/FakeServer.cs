using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Attune.Training.Tests.Rewards;

/// <summary>A web server that answers each request by a function, several at a time.</summary>
sealed class FakeServer : IDisposable
{
    /// <summary>The status of an answer that never comes.</summary>
    public const int CutConnection = 0;

    /// <summary>The status of an answer whose connection is cut after the text.</summary>
    public const int CutAfterText = 1;

    readonly HttpListener server = new();
    readonly Func<string, string, (int Status, string Text)> answer;
    readonly List<string> requests = [];

    /// <param name="answer">Gets the body of a request; called from any thread.</param>
    public FakeServer(Func<string, (int Status, string Text)> answer)
        : this((_, body) => answer(body))
    {
    }

    /// <param name="answer">Gets the path and the key of a request, and its body; called from any thread.</param>
    public FakeServer(Func<string, string, (int Status, string Text)> answer)
    {
        this.answer = answer;
        var root = $"http://127.0.0.1:{FreePort()}";
        Url = root + "/v1";
        server.Prefixes.Add(root + "/");
        server.Start();
        _ = Task.Run(Serve);
    }

    public string Url { get; }

    /// <summary>The bodies of the requests.</summary>
    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (requests)
                return [.. requests];
        }
    }

    /// <summary>The paths and keys of the requests.</summary>
    public List<string> Calls { get; } = [];

    public void Dispose() => ((IDisposable)server).Dispose();

    async Task Serve()
    {
        while (server.IsListening)
        {
            var context = await server.GetContextAsync();
            _ = Task.Run(() => Answer(context));
        }
    }

    void Answer(HttpListenerContext context)
    {
        using var reader = new StreamReader(context.Request.InputStream);
        var body = reader.ReadToEnd();
        var call = $"{context.Request.Url!.AbsolutePath} {context.Request.Headers["Authorization"]}";
        lock (requests)
        {
            requests.Add(body);
            Calls.Add(call);
        }
        var (status, text) = answer(call, body);
        if (status == CutConnection)
        {
            context.Response.Abort();
            return;
        }
        if (status == 429)
            context.Response.Headers["Retry-After"] = "1";
        if (text.StartsWith("data: ", StringComparison.Ordinal))
            context.Response.ContentType = "text/event-stream";
        if (status == CutAfterText)
        {
            context.Response.SendChunked = true;
            context.Response.OutputStream.Write(Encoding.UTF8.GetBytes(text));
            context.Response.OutputStream.Flush();
            context.Response.Abort();
            return;
        }
        context.Response.StatusCode = status;
        context.Response.Close(Encoding.UTF8.GetBytes(text), willBlock: true);
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
