using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Attune.Serving.Tests;

/// <summary>Keys, full queues and shutdown.</summary>
public sealed class LimitTests
{
    [Fact]
    public async Task Request_WithoutAKey_IsRefused()
    {
        using var server = RunningServer.With(options => options with { ApiKeys = ["one", "two"] });
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/health")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.Client.GetAsync("/v1/models")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusWith("Bearer three"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusWith("two"));
        Assert.Equal(HttpStatusCode.OK, await StatusWith("Bearer two"));

        async Task<HttpStatusCode> StatusWith(string header)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
            request.Headers.TryAddWithoutValidation("Authorization", header);
            return (await server.Client.SendAsync(request)).StatusCode;
        }
    }

    [Fact]
    public void Build_AnotherAddressWithoutKeys_IsRefused() => Assert.Contains("--api-keys", Assert.Throws<InvalidDataException>(
        () => RunningServer.With(options => options with { Listen = new(IPAddress.Any, 0) })).Message, StringComparison.Ordinal);

    [Fact]
    public void Build_TwoModelsOfOneName_IsRefused() => Assert.Contains("'chat'", Assert.Throws<InvalidDataException>(
        () => RunningServer.With(options => options with { Adapters = [options.Models[0]] })).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Chat_TooManyWait_Gets429AndTheOthersAreAnswered()
    {
        using var server = RunningServer.With(options => options with
        {
            Engine = options.Engine with { Scheduling = new() { MaxRows = 2, MaxWaiting = 2 } },
        });
        var responses = await Task.WhenAll(Enumerable.Range(0, 40).Select(seed => Start(server, seed, stream: false)));
        Assert.Contains(responses, response => response.StatusCode == HttpStatusCode.TooManyRequests);
        Assert.Contains(responses, response => response.StatusCode == HttpStatusCode.OK);
        var refused = responses.First(response => response.StatusCode == HttpStatusCode.TooManyRequests);
        Assert.Equal("queue_full", (string?)(await refused.Content.ReadFromJsonAsync<JsonNode>())!["error"]!["code"]);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Equal(HttpStatusCode.OK, (await Start(server, 1, stream: false)).StatusCode);
    }

    [Fact]
    public async Task Stop_WhileAStreamRuns_LetsItFinish()
    {
        using var server = RunningServer.With(options => options with { Drain = TimeSpan.FromSeconds(30) });
        using var response = await Start(server, 1, stream: true);
        var stopping = server.Stop();
        Assert.EndsWith("data: [DONE]\n\n", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await stopping;
    }

    [Fact]
    public async Task Stop_TimeIsOver_EndsTheStreamWithAnError()
    {
        using var server = RunningServer.With(options => options with
        {
            Drain = TimeSpan.FromMilliseconds(1), Engine = options.Engine with { Scheduling = new() { MaxRows = 1 } },
        });
        var started = await Task.WhenAll(Enumerable.Range(0, 30).Select(seed => Start(server, seed, stream: true)));
        var stopping = server.Stop();
        var last = await started[^1].Content.ReadAsStringAsync();
        Assert.Contains("\"server_error\"", last, StringComparison.Ordinal);
        await stopping;
    }

    static Task<HttpResponseMessage> Start(RunningServer server, int seed, bool stream) => server.Client.SendAsync(
        new(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = JsonContent.Create(new
            {
                messages = new[] { new { role = "user", content = "The cat says" } }, seed, stream, max_tokens = 100,
                logit_bias = new Dictionary<string, int> { [$"{server.Engine.Tokenizer.EosId}"] = -100 },
            }),
        },
        HttpCompletionOption.ResponseHeadersRead);
}
