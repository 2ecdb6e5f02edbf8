using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Attune.Testing;

/// <summary>
/// A server with the routes of the Hugging Face Hub that downloads use. Files of more than 100 bytes are large: they have a SHA-256 and are
/// redirected to a second address, as to the Hub's storage.
/// </summary>
public sealed class LocalHub : IDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";
    public string Id { get; init; } = "owner/name";

    readonly HttpListener listener = new();
    readonly int storagePort = FreePort();

    public LocalHub()
    {
        Endpoint = new($"http://127.0.0.1:{FreePort()}/");
        listener.Prefixes.Add(Endpoint.ToString());
        listener.Prefixes.Add($"http://127.0.0.1:{storagePort}/");
        listener.Start();
        _ = Task.Run(Serve);
    }

    public Uri Endpoint { get; }

    public SortedDictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    public ConcurrentQueue<string> Requests { get; } = [];

    /// <summary>The token that the Hub wants; null for none.</summary>
    public string? Token { get; set; }

    /// <summary>The status and the <c>X-Error-Code</c> of every answer.</summary>
    public (int Status, string? Code)? Refusal { get; set; }

    /// <summary>How many answers fail with 503 before the first that does not.</summary>
    public int Unavailable { get; set; }

    /// <summary>After how many bytes of a file the connection is cut; 0 for never.</summary>
    public int CutAfter { get; set; }

    /// <summary>How many connections are cut.</summary>
    public int Cuts { get; set; } = int.MaxValue;

    public bool IgnoresRanges { get; set; }

    public bool Damages { get; set; }

    /// <summary>Whether the details of a revision have sizes and checksums.</summary>
    public bool HasDetails { get; set; } = true;

    /// <summary>The name under which the repository is found by a redirect.</summary>
    public string? FormerId { get; set; }

    public static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    public static string GitHash(byte[] bytes) =>
        Convert.ToHexStringLower(
        CryptographicOperations.HashData(HashAlgorithmName.SHA1, [.. Encoding.ASCII.GetBytes($"blob {bytes.Length}\0"), .. bytes]));

    public static byte[] Bytes(int count, int seed = 1)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public void Dispose() => listener.Close();

    public static int FreePort()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }

    async Task Serve()
    {
        while (listener.IsListening)
        {
            try
            {
                var context = await listener.GetContextAsync().ConfigureAwait(false);
                _ = Task.Run(() => AnswerOrAbort(context));
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    void AnswerOrAbort(HttpListenerContext context)
    {
        try
        {
            Answer(context);
        }
        catch (Exception error) when (error is HttpListenerException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            context.Response.Abort();
        }
    }

    void Answer(HttpListenerContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var path = request.Url!.AbsolutePath.TrimStart('/');
        var isStorage = request.Url.Port == storagePort;
        Requests.Enqueue(
            $"{request.HttpMethod} {(isStorage ? "storage/" : "")}{path} {request.Headers["Range"]} {request.Headers["Authorization"]}"
                .Trim());
        if (Unavailable-- > 0)
            Status(response, 503);
        else if (isStorage)
            Send(context, Files.Values.Single(file => Sha256(file) == path));
        else if (Refusal is { } refusal)
            Status(response, refusal.Status, refusal.Code);
        else if (Token is not null && request.Headers["Authorization"] != $"Bearer {Token}")
            Status(response, 401, "RepoNotFound");
        else if (FormerId is not null && path.Contains(FormerId, StringComparison.Ordinal))
            Redirect(response, "/" + request.Url.PathAndQuery.TrimStart('/').Replace(FormerId, Id, StringComparison.Ordinal));
        else
            Route(context, path);
    }

    void Route(HttpListenerContext context, string path)
    {
        var response = context.Response;
        var prefix = $"{(path.StartsWith("datasets/", StringComparison.Ordinal) ? "datasets/" : "")}{Id}/resolve/{Commit}/";
        if (path == $"api/models/{Id}/revision/main" || path == $"api/datasets/{Id}/revision/main")
            Write(response, Details());
        else if (path.StartsWith("api/", StringComparison.Ordinal))
            Status(response, 404, path.Contains(Id, StringComparison.Ordinal) ? "RevisionNotFound" : "RepoNotFound");
        else if (path.StartsWith(prefix, StringComparison.Ordinal) && Files.TryGetValue(path[prefix.Length..], out var file))
            SendFile(context, file);
        else
            Status(response, 404, "EntryNotFound");
    }

    void SendFile(HttpListenerContext context, byte[] file)
    {
        if (file.Length <= 100)
        {
            context.Response.Headers["ETag"] = $"\"{GitHash(file)}\"";
            Send(context, file);
            return;
        }
        context.Response.Headers["X-Linked-Etag"] = $"\"{Sha256(file)}\"";
        context.Response.Headers["X-Linked-Size"] = $"{file.Length}";
        Redirect(context.Response, $"http://127.0.0.1:{storagePort}/{Sha256(file)}");
    }

    byte[] Details()
    {
        var siblings = Files.Select(file => (JsonNode)(HasDetails
            ? file.Value.Length > 100
                ? new JsonObject
                {
                    ["rfilename"] = file.Key,
                    ["size"] = file.Value.Length,
                    ["blobId"] = new string('0', 40),
                    ["lfs"] = new JsonObject { ["sha256"] = Sha256(file.Value), ["size"] = file.Value.Length },
                }
                : new JsonObject { ["rfilename"] = file.Key, ["size"] = file.Value.Length, ["blobId"] = GitHash(file.Value) }
            : new JsonObject { ["rfilename"] = file.Key }));
        return Encoding.UTF8.GetBytes(new JsonObject { ["sha"] = Commit, ["siblings"] = new JsonArray([.. siblings]) }.ToJsonString());
    }

    void Send(HttpListenerContext context, byte[] file)
    {
        var (response, range) = (context.Response, context.Request.Headers["Range"]);
        if (context.Request.HttpMethod == "HEAD")
        {
            response.ContentLength64 = file.Length;
            response.Close();
            return;
        }
        var from = 0;
        if (range is not null && !IgnoresRanges)
        {
            from = int.Parse(range["bytes=".Length..^1]);
            response.StatusCode = 206;
            response.Headers["Content-Range"] = $"bytes {from}-{file.Length - 1}/{file.Length}";
        }
        response.ContentLength64 = file.Length - from;
        var bytes = Damages ? [.. file.Select(one => (byte)(one ^ 1))] : file;
        if (CutAfter > 0 && file.Length - from > CutAfter && Cuts-- > 0)
        {
            response.OutputStream.Write(bytes, from, CutAfter);
            response.OutputStream.Flush();
            Thread.Sleep(20);
            response.Abort();
            return;
        }
        response.OutputStream.Write(bytes, from, bytes.Length - from);
        response.Close();
    }

    static void Write(HttpListenerResponse response, byte[] bytes)
    {
        response.ContentLength64 = bytes.Length;
        response.OutputStream.Write(bytes);
        response.Close();
    }

    static void Redirect(HttpListenerResponse response, string location)
    {
        response.StatusCode = 302;
        response.Headers["Location"] = location;
        response.Close();
    }

    static void Status(HttpListenerResponse response, int status, string? code = null)
    {
        response.StatusCode = status;
        if (code is not null)
            response.Headers["X-Error-Code"] = code;
        response.Close();
    }
}
