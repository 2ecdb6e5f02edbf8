using System.Diagnostics;
using System.Text.Json.Nodes;
using Attune.Generation;
using Attune.Testing.Models;
using Attune.Torch;
using Attune.Training.Policies;
using Attune.Training.Servers;
using Attune.Training.Tests.Rewards;

namespace Attune.Training.Tests.Servers;

/// <summary>Responses from servers that answer.</summary>
public sealed class ServerGeneratorTests : ServerTests
{
    [Theory, MemberData(nameof(Protocols))]
    public void Respond_Greedily_GivesTheTokensOfThisProcess(RolloutProtocol protocol)
    {
        var policy = NewPolicy(new() { MaxNewTokens = 8 });
        using var generator = Connect(protocol);
        using var scope = TensorScope.Open();
        var own = policy.RespondGreedily(Prompts, run.Random);
        var served = NewPolicy(new() { MaxNewTokens = 8 }, generator).RespondGreedily(Prompts, run.Random);
        Assert.Equal(own.Tokens, served.Tokens);
        Assert.Equal(own.Completions.Select(response => response.Ended), served.Completions.Select(response => response.Ended));
        Assert.All(
            own.Completions.Zip(served.Completions), pair => Assert.Equal(pair.First.Logprobs.Length, pair.Second.Logprobs.Length));
    }

    [Fact]
    public void Generate_StopString_EndsAResponse()
    {
        var sampled = NewPolicy(new() { MaxNewTokens = 8 }).Sample(Prompts[..1], seed: 3)[0];
        var stop = TinyData.Tokenizer.Decode([sampled.Tokens[0], sampled.Tokens[1]]);
        var policy = new SamplingOptions { MaxNewTokens = 8, Temperature = 0, Stop = [stop] };
        using var generator = Connect();
        var response = Assert.Single(generator.Generate([Prompts[0].Tokens], policy, run.Random));
        Assert.Equal(NewPolicy(policy).RespondGreedily(Prompts[..1], run.Random).Completions[0].StopString, response.StopString);
    }

    [Fact]
    public void Generate_OneOfTwoServersDown_UsesTheOther()
    {
        using var other = new ModelServer(runs.Teacher);
        var isDown = true;
        other.Fault = (path, _) => isDown && path == "/v1/completions" ? (FakeServer.CutConnection, "") : null;
        using var generator = Connect(options: Quick with { Servers = [server.Url, other.Url] });
        Assert.Equal(Prompts.Length * 2, Sample(generator).Count);
        Assert.Equal(Prompts.Length, server.Generations);
        var loadsBefore = other.Loads;
        isDown = false;
        Thread.Sleep(200);                                        // the pause of a server that failed
        var before = other.Generations;
        Sample(generator);
        Assert.True(other.Generations > before, "the server is used again");
        Assert.Equal(loadsBefore + 1, other.Loads);
    }

    [Fact]
    public void Generate_ASlowServer_GetsFewerPrompts()
    {
        using var slow = new ModelServer(runs.Teacher);
        slow.Fault = (path, _) =>
        {
            if (path == "/v1/completions")
                Thread.Sleep(700);
            return null;
        };
        using var generator = Connect(options: Quick with { Servers = [server.Url, slow.Url], Concurrency = 1 });
        Assert.Equal(12, generator.Generate(
            [.. Enumerable.Range(5, 12).Select(id => (int[])[id])], new() { MaxNewTokens = 4 }, run.Random).Count);
        Assert.InRange(slow.Generations, 1, 4);
    }

    [Fact]
    public void Generate_Cancelled_Ends()
    {
        server.Fault = (path, _) =>
        {
            if (path == "/v1/completions")
                Thread.Sleep(6000);
            return null;
        };
        using var generator = Connect();
        using var source = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        var clock = Stopwatch.StartNew();
        Assert.ThrowsAny<OperationCanceledException>(
            () => generator.Generate([[5]], new() { MaxNewTokens = 4 }, run.Random, 1, source.Token));
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 5);
    }

    [Fact]
    public void Requests_HaveTheKeyTheTokensAndTheOptions()
    {
        Environment.SetEnvironmentVariable("ROLLOUT_TEST_KEY", "secret");
        using var generator = Connect(options: Quick with { ApiKeyVariable = "ROLLOUT_TEST_KEY" });
        generator.Generate(
            [[5, 6]], new() { MaxNewTokens = 7, MinNewTokens = 2, Temperature = 0.5, TopK = 9, TopP = 0.75, MinP = 0.1 }, run.Random, 3);
        Assert.All(server.Calls, call => Assert.EndsWith("Bearer secret", call, StringComparison.Ordinal));
        var request = JsonNode.Parse(server.Requests[^1])!.AsObject();
        request.Remove("seed");
        Assert.Equal(
            """
            {"model":"base","prompt":[5,6],"n":3,"max_tokens":7,"min_tokens":2,"temperature":0.5,"top_p":0.75,"top_k":9,"min_p":0.1,
            "stop_token_ids":[0],"logprobs":0,"return_token_ids":true,"stream":true}
            """.ReplaceLineEndings(""), request.ToJsonString());
    }

    Policy NewPolicy(SamplingOptions sampling, ITextGenerator? generator = null) =>
        new(model, TinyData.Tokenizer, sampling) { Critic = null, Generator = generator };
}
