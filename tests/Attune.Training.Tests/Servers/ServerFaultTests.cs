using System.Diagnostics;
using System.Text.Json.Nodes;
using Attune.Training.Servers;
using Attune.Training.Tests.Rewards;

namespace Attune.Training.Tests.Servers;

/// <summary>Servers that fail, refuse, or answer wrongly.</summary>
public sealed class ServerFaultTests : ServerTests
{
    public static TheoryData<string> Faults =>
    [
        "500", "503", "cut", "slow", "garbage", "empty", "other JSON", "too few", "no log-probabilities", "too many tokens",
        "a token too much after the end", "aborted", "short", "a log-probability above 0", "NaN",
    ];

    [Theory, MemberData(nameof(Faults))]
    public void Generate_AFaultThatPasses_IsRetried(string fault)
    {
        Misbehave(fault, number => number <= 2);
        using var generator = Connect(options: Quick with { Timeout = TimeoutFor(fault) });
        var responses = Sample(generator);
        Assert.Equal(Prompts.Length * 2, responses.Count);
        Assert.Contains(display.Notices, notice => notice.StartsWith("a rollout is sent again: ", StringComparison.Ordinal)
            || notice.StartsWith("a rollout continues after the ", StringComparison.Ordinal));
        Assert.All(responses, response => Assert.Equal(response.Tokens.Length, response.Logprobs.Length));
    }

    [Theory, MemberData(nameof(Faults))]
    public void Generate_AFaultThatLasts_IsOneMessageSoon(string fault)
    {
        Misbehave(fault, _ => true);
        using var generator = Connect(options: Quick with { Timeout = TimeoutFor(fault), Retries = 1 });
        var clock = Stopwatch.StartNew();
        var error = Assert.Throws<InvalidDataException>(() => Sample(generator));
        Assert.StartsWith("no rollout server answered: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("http://127.0.0.1:", error.Message, StringComparison.Ordinal);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 8);
    }

    [Fact]
    public void Generate_WithoutStreams_SendsARequestAgain()
    {
        server.Fault = (path, at) => path == "/v1/completions" && at == 1 ? (FakeServer.CutAfterText, """{"choices":[""") : null;
        using var generator = Connect(options: Quick with { Stream = false });
        Assert.Equal(Prompts.Length * 2, Sample(generator).Count);
        Assert.Contains(display.Notices, notice => notice.StartsWith("a rollout is sent again: ", StringComparison.Ordinal));
        Assert.All(server.Requests.Where(text => text.Contains("return_token_ids", StringComparison.Ordinal)),
            text => Assert.Contains("\"stream\":false", text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"error":"no key"}""", 401)]
    [InlineData("""{"error":"max_tokens is too large"}""", 400)]
    public void Generate_ARefusal_IsNotRetried(string answer, int status)
    {
        server.Fault = (path, _) => path == "/v1/completions" ? (status, answer) : null;
        using var generator = Connect(options: Quick with { Concurrency = 1 });
        var error = Assert.Throws<InvalidDataException>(() => Sample(generator));
        Assert.Contains(answer, error.Message, StringComparison.Ordinal);
        Assert.Equal(1, server.Generations);
    }

    [Theory]
    [InlineData(100_000)]
    [InlineData(-1)]
    public void Generate_ATokenThatThePolicyDoesNotHave_IsRefused(int token)
    {
        server.Change = answer => answer["choices"]![0]!["token_ids"]![0] = token;
        using var generator = Connect(options: Quick);
        Assert.Contains(
            $"has another model or tokenizer than the policy: it sampled the token id {token}",
            Assert.Throws<InvalidDataException>(() => Sample(generator)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_WeightsThatTheServerDoesNotTake_IsOneMessage()
    {
        server.Fault = (path, _) => path == "/update_weights_from_disk" ? (200, """{"success":true}""") : null;
        using var generator = Connect(RolloutProtocol.Sglang, Quick with { Retries = 1 });
        var error = Assert.Throws<InvalidDataException>(() => Sample(generator));
        Assert.Matches("must be sampled with the weights [0-9a-f]{8}-1 \\(was sampled with default\\)", error.Message);
    }

    [Fact]
    public void Generate_AServerThatRefusesWeights_IsOneMessage()
    {
        server.Fault = (path, _) => path == "/update_weights_from_disk" ? (200, """{"success":false,"message":"no such folder"}""") : null;
        using var generator = Connect(RolloutProtocol.Sglang, Quick);
        Assert.Contains(
            "no such folder", Assert.Throws<InvalidDataException>(() => Sample(generator)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_TooManyRequests_WaitsAsLongAsTheServerAsks()
    {
        server.Fault = (path, at) => path == "/v1/completions" && at <= 4 ? (429, "later") : null;
        using var generator = Connect(options: Quick with { Retries = 0 });
        var clock = Stopwatch.StartNew();
        Assert.Equal(Prompts.Length * 2, Sample(generator).Count);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0.9, 8);       // the double asks for a second
        Assert.Equal(1, server.Loads);
        Assert.Empty(display.Notices);
    }

    [Fact]
    public void Generate_AlwaysTooManyRequests_IsOneMessage()
    {
        server.Fault = (path, _) => path == "/v1/completions" ? (429, "later") : null;
        using var generator = Connect(options: Quick with { Timeout = 1, Retries = 0 });
        Assert.Contains(
            "answered 429", Assert.Throws<InvalidDataException>(() => Sample(generator)).Message, StringComparison.Ordinal);
    }

    static double TimeoutFor(string fault) => fault == "slow" ? 1 : Quick.Timeout;

    /// <summary>Answers wrongly, or not at all, to requests for responses with some numbers.</summary>
    void Misbehave(string fault, Func<int, bool> isWrong)
    {
        var answers = 0;
        (int, string)? answer = fault switch
        {
            "cut" => (FakeServer.CutConnection, ""),
            "garbage" => (200, "<html>it works"),
            "empty" => (200, ""),
            "other JSON" => (200, """{"choices":[{"text":"hello"}]}"""),
            "500" or "503" => (int.Parse(fault, System.Globalization.CultureInfo.InvariantCulture), "later"),
            _ => null,
        };
        server.Fault = (path, at) =>
        {
            if (path != "/v1/completions")
                return null;
            if (fault == "slow" && isWrong(at))
                Thread.Sleep(1200);
            return isWrong(at) ? answer : null;
        };
        server.Change = json =>
        {
            if (!isWrong(++answers))
                return;
            var choices = json["choices"]!.AsArray();
            var (first, ids) = (choices[0]!, choices[0]!["token_ids"]!.AsArray());
            var logprobs = first["logprobs"]!["token_logprobs"]!.AsArray();
            switch (fault)
            {
                case "too few":
                    choices.RemoveAt(0);
                    break;
                case "no log-probabilities":
                    logprobs.Clear();
                    break;
                case "too many tokens":
                    for (var i = 0; i < 9; i++)
                        ids.Add(5);
                    break;
                case "a token too much after the end":
                    first["token_ids"] = new JsonArray(0, 5);
                    first["logprobs"]!["token_logprobs"] = new JsonArray(-1, -1);
                    first["finish_reason"] = "length";
                    break;
                case "aborted":
                    first["token_ids"] = new JsonArray(5);
                    first["logprobs"]!["token_logprobs"] = new JsonArray(-1);
                    first["finish_reason"] = "abort";
                    break;
                case "short":
                    first["token_ids"] = new JsonArray(5);
                    first["logprobs"]!["token_logprobs"] = new JsonArray(-1);
                    first["finish_reason"] = "length";
                    break;
                case "a log-probability above 0":
                    logprobs[0] = 0.5;
                    break;
                case "NaN":
                    logprobs[0] = null;
                    break;
                default:
                    break;
            }
        };
    }
}
