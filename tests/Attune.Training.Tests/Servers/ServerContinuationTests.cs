using System.Text.Json.Nodes;
using Attune.Testing.Models;
using Attune.Training.Servers;

namespace Attune.Training.Tests.Servers;

/// <summary>Responses that are cut, and continued from their last token.</summary>
public sealed class ServerContinuationTests : ServerTests
{
    [Fact]
    public void Generate_AServerThatDiesInTheMiddle_ContinuesOnAnotherOne()
    {
        var whole = Greedily(Quick);
        using var other = new ModelServer(runs.Teacher);
        server.CutAfter = _ => 3;
        var before = server.Requests.Count;
        var continued = Greedily(Quick with { Servers = [server.Url, other.Url], Retries = 1 });
        Assert.Equal(whole.Select(response => response.Tokens), continued.Select(response => response.Tokens));
        Assert.All(whole.Zip(continued), pair => Assert.All(
            pair.First.Logprobs.Zip(pair.Second.Logprobs), numbers => Assert.Equal(numbers.First, numbers.Second, 1e-4)));
        Assert.Contains(display.Notices, notice => notice.StartsWith("a rollout continues after the 3 tokens", StringComparison.Ordinal));
        var requests = server.Requests.Skip(before).Concat(other.Requests).Select(text => JsonNode.Parse(text.Length > 0 ? text : "{}")!)
            .Where(request => request["stream"] is not null && request["prompt"] is JsonArray).ToList();
        Assert.Contains(requests, request => (int)request["max_tokens"]! == 5 && Ids(request["prompt"]!).SequenceEqual(
            [.. Prompts[0].Tokens, .. whole[0].Tokens[..3]]));
    }

    [Fact]
    public void Generate_SamplesThatAreCut_AreContinuedOneByOne()
    {
        server.CutAfter = number => number <= Prompts.Length ? 2 : null;
        using var generator = Connect(options: Quick);
        var responses = Sample(generator);
        Assert.Equal(Prompts.Length * 2, responses.Count);
        Assert.InRange(server.Generations, Prompts.Length + 1, Prompts.Length * 3);
        Assert.True(responses.Chunk(2).Any(pair => !pair[0].Tokens.SequenceEqual(pair[1].Tokens)), "the samples have seeds of their own");
    }

    [Fact]
    public void Generate_AStreamThatIsCutAfterTooManyTokens_EndsTheResponseAtTheLimit()
    {
        var whole = Greedily(Quick);
        server.Change = answer =>
        {
            var choice = answer["choices"]![0]!;
            choice["token_ids"]!.AsArray().Add(5);
            choice["logprobs"]!["token_logprobs"]!.AsArray().Add(-1);
        };
        server.CutAfter = _ => whole.Max(response => response.Tokens.Length) + 1;
        Assert.Equal(whole.Select(response => response.Tokens), Greedily(Quick).Select(response => response.Tokens));
    }

    [Fact]
    public void Generate_AStopStringAcrossACut_EndsTheResponse()
    {
        var tokens = Greedily(Quick)[0].Tokens;
        var stop = TinyData.Tokenizer.Decode(tokens.AsSpan(0, 4));
        server.CutAfter = number => number > Prompts.Length && number % 2 == 1 ? 3 : null;
        using var generator = Connect(options: Quick);
        var response = Assert.Single(generator.Generate(
            [Prompts[0].Tokens], new() { MaxNewTokens = 8, Temperature = 0, Stop = [stop] }, run.Random));
        Assert.Equal(tokens[..4], response.Tokens);
        Assert.Equal(stop, response.StopString);
        Assert.True(response.Ended);
    }

    [Fact]
    public void Generate_AResponseThatSglangAborted_Continues()
    {
        var whole = Greedily(Quick, RolloutProtocol.Sglang);
        var answers = 0;
        server.Change = answer =>
        {
            if (answers++ > 0)
                return;
            var meta = answer[0]!["meta_info"]!;
            meta["finish_reason"]!["type"] = "abort";
            var tokens = meta["output_token_logprobs"]!.AsArray();
            while (tokens.Count > 2)
                tokens.RemoveAt(2);
        };
        var continued = Greedily(Quick, RolloutProtocol.Sglang);
        Assert.Equal(whole.Select(response => response.Tokens), continued.Select(response => response.Tokens));
        Assert.Contains(display.Notices, notice => notice.StartsWith("a rollout continues after the 2 tokens", StringComparison.Ordinal));
    }

    static IEnumerable<int> Ids(JsonNode list) => list.AsArray().Select(id => (int)id!);
}
