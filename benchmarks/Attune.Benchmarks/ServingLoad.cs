using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Testing;
using Attune.Torch;

namespace Attune.Benchmarks;

/// <summary>
/// Throughput of <c>attune serve</c> in another process, with many streams at a time, for the model, the prompts and the responses of
/// <c>attune bench generate --preset S</c>.
/// </summary>
static class ServingLoad
{
    const int Vocabulary = 4096;
    const int PromptTokens = 16;
    const int ResponseTokens = 48;
    static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10);

    public static async Task Measure(string attune, int streams, int seconds, TextWriter output)
    {
        using var folder = new TemporaryFolder();
        WriteModel(folder.File("model"));
        var address = new Uri($"http://127.0.0.1:{FreePort()}");
        using var server = Start(attune, folder.File("model"), address, streams);
        try
        {
            await Load(address, streams, WarmUp);
            var load = await Load(address, streams, TimeSpan.FromSeconds(seconds));
            output.WriteLine(
                $"{streams} streams for {seconds} s: {load.Tokens / (double)seconds:0} tokens/s, {load.Requests:N0} requests, "
                + $"{load.Errors:N0} errors; first token after {load.FirstToken:0} ms (median)");
            output.WriteLine($"the server holds {server.WorkingSet64 >> 20} MB and used {server.TotalProcessorTime.TotalSeconds:0} s");
        }
        finally
        {
            server.Kill();
        }
    }

    static Process Start(string attune, string model, Uri address, int streams)
    {
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true };
        foreach (var word in new[] { attune, "serve", model, "--listen", address.Authority, "--max-batch", $"{streams}" })
            start.ArgumentList.Add(word);
        var process = Process.Start(start)!;
        return process.StandardOutput.ReadLine() is null ? throw new InvalidOperationException("the server did not start") : process;
    }

    static async Task<(long Tokens, int Requests, int Errors, double FirstToken)> Load(Uri address, int streams, TimeSpan duration)
    {
        var (tokens, errors, waits) = (0L, 0, new ConcurrentBag<double>());
        var start = Stopwatch.GetTimestamp();
        using var handler = new SocketsHttpHandler { MaxConnectionsPerServer = streams };
        using var client = new HttpClient(handler) { BaseAddress = address };
        await Task.WhenAll(Enumerable.Range(0, streams).Select(seed => Task.Run(() => Stream(new Random(seed)))));
        return (tokens, waits.Count, errors, waits.Order().ElementAtOrDefault(waits.Count / 2));

        async Task Stream(Random random)
        {
            while (Stopwatch.GetElapsedTime(start) < duration)
                try
                {
                    var (count, wait) = await Request(client, random);
                    // A response counts by the share of it that was in time.
                    Interlocked.Add(ref tokens, Stopwatch.GetElapsedTime(start) < duration ? count : count / 2);
                    waits.Add(wait);
                }
                catch (Exception error) when (error is HttpRequestException or IOException or InvalidDataException)
                {
                    Interlocked.Increment(ref errors);
                }
        }
    }

    /// <summary>One streamed response: its tokens, and milliseconds until the first of them.</summary>
    static async Task<(int Tokens, double FirstToken)> Request(HttpClient client, Random random)
    {
        var start = Stopwatch.GetTimestamp();
        int[] prompt = [.. Enumerable.Range(0, PromptTokens).Select(_ => random.Next(1, Vocabulary))];
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/completions")
        {
            Content = JsonContent.Create(new
            {
                prompt, max_tokens = ResponseTokens, stream = true, stream_options = new { include_usage = true },
            }),
        };
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var (first, usage) = (0.0, "");
        while (await reader.ReadLineAsync() is { } line)
        {
            if (first == 0 && line.Length > 0)
                first = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            if (line.Contains("\"usage\"", StringComparison.Ordinal))
                usage = line;
        }
        return usage.Length > 0
            ? ((int)JsonNode.Parse(usage["data: ".Length..])!["usage"]!["completion_tokens"]!, first)
            : throw new InvalidDataException("the stream ended early");
    }

    static void WriteModel(string folder)
    {
        using var random = new RandomSource(1);
        var shape = new ModelShape { Family = "gpt2", Layers = 4, Width = 256, Heads = 4, Context = 512 };
        Pretrained.Save(folder, Pretrained.NewLanguageModel(shape.ToConfig(Vocabulary, 0, 0, 0), random));
        var words = new JsonObject(Enumerable.Range(0, Vocabulary).Select(id => KeyValuePair.Create<string, JsonNode?>($"w{id}", id)));
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray(),
            ["normalizer"] = null,
            ["pre_tokenizer"] = new JsonObject { ["type"] = "WhitespaceSplit" },
            ["post_processor"] = null,
            ["decoder"] = null,
            ["model"] = new JsonObject { ["type"] = "WordLevel", ["vocab"] = words, ["unk_token"] = "w0" },
        }.ToJsonString());
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"eos_token": "w0", "pad_token": "w0"}""");
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
