using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Attune.Testing.Models;

namespace Attune.Cli.Tests;

/// <summary>Traces and metrics of a run in OpenTelemetry's exporters.</summary>
public sealed class TelemetryTests : ModelFolderTests
{
    [Fact]
    public void Console_GetsSpansAndMetricsOfARun()
    {
        var (code, output, error) = Commands.RunWith(
            new Dictionary<string, string> { ["OTEL_TRACES_EXPORTER"] = "console", ["OTEL_METRICS_EXPORTER"] = "console" }, Pretrain());
        Assert.True(code == 0, error);
        string[] texts = ["attune.run", "attune.step", "attune.evaluation", "attune.run.steps", "attune.run.metric", "pretrain"];
        foreach (var text in texts)
            Assert.Contains(text, output);
        Assert.Contains("service.name: attune", output);
    }

    [Fact]
    public void Otlp_SendsTracesAndMetricsToACollector()
    {
        using var collector = new HttpListener();
        var address = $"http://127.0.0.1:{FreePort()}/";
        collector.Prefixes.Add(address);
        collector.Start();
        var received = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);
        _ = Task.Run(() => Receive(collector, received), TestContext.Current.CancellationToken);
        var (code, _, error) = Commands.RunWith(
            new Dictionary<string, string>
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = address, ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            }, Pretrain());
        Assert.True(code == 0, error);
        Assert.Contains("attune.step", received["/v1/traces"]);
        Assert.Contains("attune.run.metric", received["/v1/metrics"]);
    }

    static async Task Receive(HttpListener collector, ConcurrentDictionary<string, string> received)
    {
        while (true)
        {
            var context = await collector.GetContextAsync();
            using var reader = new StreamReader(context.Request.InputStream, Encoding.Latin1);
            var body = await reader.ReadToEndAsync();
            received.AddOrUpdate(context.Request.Url!.AbsolutePath, body, (_, before) => before + body);
            context.Response.Close();
        }
    }

    static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [Fact]
    public void Exporter_ThatIsNotKnown_IsRefused()
    {
        var (code, _, error) = Commands.RunWith(new Dictionary<string, string> { ["OTEL_TRACES_EXPORTER"] = "zipkin" }, "doctor");
        Assert.Equal(2, code);
        Assert.Contains("OTEL_TRACES_EXPORTER must be otlp, console or none (was 'zipkin')", error);
    }

    string[] Pretrain() => [.. Train("pretrain", model, TinyData.Documents(folder)), "training.steps=1", "batchSize=2"];
}
