using System.Diagnostics;
using System.Net;
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
    sealed record LoadResult(long Tokens, int Requests, int Errors, double FirstToken);

    const int Vocabulary = 4096;
    const int PromptTokens = 16;
    const int ResponseTokens = 48;
    static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10);

    public static void Measure(string attune, int streams, int seconds, TextWriter output)
    {
        using var folder = new TemporaryFolder();
        WriteModel(folder.File("model"));
        var address = new Uri($"http://127.0.0.1:{FreePort()}");
        using var server = Start(attune, folder.File("model"), address, streams);
        try
        {
            _ = Load(address, streams, WarmUp);
            var load = Load(address, streams, TimeSpan.FromSeconds(seconds));
            output.WriteLine(
                $"{streams} streams for {seconds} s: {load.Tokens / (double)seconds:0} tokens/s, {load.Requests:N0} requests, "
                + $"{load.Errors:N0} errors; first token after {load.FirstToken:0} ms (median)");
            server.Refresh();
            output.WriteLine(
                $"processor time of the server {server.TotalProcessorTime.TotalSeconds:0} s, of the client "
                + $"{Environment.CpuUsage.TotalTime.TotalSeconds:0} s, {WarmUp.TotalSeconds:0} s of warm-up included; the server holds "
                + $"{server.WorkingSet64 >> 20} MB");
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

    /// <summary>
    /// Holds streams open. The client shares the processors with the server, so it is cheap: one thread, which looks at its sockets every
    /// two milliseconds and searches bytes.
    /// </summary>
    static LoadResult Load(Uri address, int streams, TimeSpan duration)
    {
        var start = Stopwatch.GetTimestamp();
        LoadStream[] all =
            [.. Enumerable.Range(0, streams).Select(seed => new LoadStream(address, Vocabulary, PromptTokens, ResponseTokens, seed))];
        while (Stopwatch.GetElapsedTime(start) < duration)
        {
            Thread.Sleep(2);
            foreach (var stream in all)
                stream.Receive();
        }
        foreach (var stream in all)
            stream.Dispose();
        var waits = all.SelectMany(stream => stream.FirstTokens).Order().ToList();
        return new(
            all.Sum(stream => stream.Tokens), all.Sum(stream => stream.Requests), all.Sum(stream => stream.Errors),
            waits.Count > 0 ? waits[waits.Count / 2] : 0);
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
