using System.Diagnostics;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Attune.Store;

namespace Attune.Studio.Dialogues;

/// <summary>
/// A child process <c>attune serve</c> with one model, on a free loopback port and with a random key. It ends with this process, even where
/// that is killed: the shell that starts it leaves a process behind that waits for the end of a pipe from here.
/// </summary>
sealed class ModelServer : IDisposable
{
    // Paths and arguments are passed as arguments of the shell, never inserted into its script.
    const string Script = """
        exec 3<&0
        (cat <&3; kill "$$") >/dev/null 2>&1 &
        exec "$@" </dev/null 3<&-
        """;

    const string Announcement = "Attune serves ";
    const int LinesKept = 3;

    readonly Process process;
    readonly HttpClient client;
    readonly TaskCompletionSource<Uri> address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly Queue<string> lastLines = new();

    /// <param name="attune">The command that starts Attune.</param>
    /// <param name="path">The model's folder.</param>
    /// <param name="template">A file with a chat template; null to use the model's own.</param>
    /// <param name="maxTokens">The most tokens of a response; it has fewer where the context ends.</param>
    public ModelServer(IReadOnlyList<string> attune, string path, string? template, int maxTokens)
    {
        var key = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var start = new ProcessStartInfo("sh")
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            Environment = { ["ATTUNE_API_KEY"] = key },
        };
        string[] serve = ["serve", $"model={path}", "--listen", "127.0.0.1:0", "--drain", "1", "--max-tokens", $"{maxTokens}"];
        string[] options = template is null ? [] : ["--chat-template", template];
        foreach (var word in (string[])["-c", Script, "sh", .. attune, .. serve, .. options])
            start.ArgumentList.Add(word);
        client = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.Authorization = new("Bearer", key);
        process = new() { StartInfo = start };
        process.OutputDataReceived += (_, line) => ReadOutput(line.Data);
        process.ErrorDataReceived += (_, line) => ReadError(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public bool HasEnded => process.HasExited;

    /// <summary>Waits a moment for the end of the process.</summary>
    public bool Ends()
    {
        try
        {
            return process.WaitForExit(TimeSpan.FromSeconds(1));
        }
        catch (InvalidOperationException)     // disposed, because another request found that it has ended
        {
            return true;
        }
    }

    void ReadOutput(string? line)
    {
        if (line?.StartsWith(Announcement, StringComparison.Ordinal) == true
            && Uri.TryCreate(line[Announcement.Length..].Split(' ')[0], UriKind.Absolute, out var served))
            address.TrySetResult(served);
    }

    /// <param name="line">A line; null at the end, when the process ends.</param>
    void ReadError(string? line)
    {
        if (line is null)
            address.TrySetException(new InvalidDataException($"the model server ended{LastLines()}"));
        if (string.IsNullOrWhiteSpace(line))
            return;
        lock (lastLines)
        {
            lastLines.Enqueue(line);
            if (lastLines.Count > LinesKept)
                lastLines.Dequeue();
        }
    }

    string LastLines()
    {
        lock (lastLines)
            return lastLines.Count == 0 ? "" : $": {string.Join("; ", lastLines)}";
    }

    /// <summary>Waits until the server accepts requests.</summary>
    /// <exception cref="InvalidDataException">It ended.</exception>
    /// <exception cref="TimeoutException">It took too long.</exception>
    public Task Ready(TimeSpan limit, CancellationToken cancellation) => address.Task.WaitAsync(limit, cancellation);

    /// <summary>Responses to a conversation. Call <see cref="Ready"/> first.</summary>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    /// <exception cref="InvalidDataException">The server refused the request.</exception>
    /// <exception cref="OperationCanceledException">It took too long.</exception>
    public async Task<IReadOnlyList<string>> Respond(
        JsonArray messages, int count, DialogueSettings settings, CancellationToken cancellation)
    {
        var served = await address.Task;
        using var response = await client.PostAsJsonAsync($"{served.AbsoluteUri}/chat/completions", new JsonObject
        {
            ["messages"] = messages.DeepClone(), ["n"] = count, ["temperature"] = settings.Temperature,
        }, cancellation);
        var body = await Read(response.Content, cancellation);
        return response.IsSuccessStatusCode
            && body?["choices"] is JsonArray choices && choices.Count == count
            ? [.. choices.Select(choice => $"{choice!["message"]?["content"]}".Trim())]
            : throw new InvalidDataException(
                $"the model server refused the request: {body?["error"]?["message"]?.ToString() ?? $"{response.StatusCode}"}");
    }

    static async Task<JsonNode?> Read(HttpContent content, CancellationToken cancellation)
    {
        try
        {
            return await content.ReadFromJsonAsync<JsonNode>(cancellation);
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        process.StandardInput.Close();     // the process that waits for this ends the server
        client.Dispose();
        if (!process.WaitForExit(TimeSpan.FromSeconds(5)))
            process.Kill(entireProcessTree: true);
        process.Dispose();
    }
}
